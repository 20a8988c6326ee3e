"""The relay's writer: whole batches, each acknowledged before the next of its partition is sent.

A producer that has several batches of a partition in flight may give up one and still deliver the
next, and nothing could repair that hole. So each partition has one batch in flight: as many records
as certainly fit into one, held back by the linger until `flush`. Meanwhile the other half of the
partitions is filled by a producer of its own. See docs/adr/0010-kafka.md.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import suppress
from functools import cached_property
from typing import Any

from kafka import KafkaProducer
from kafka.errors import KafkaError

from consumers.ports.log import LogRecord, StoredEnvelope, WriteUnconfirmed
from infra.kafka.cluster import MAX_RECORD_BYTES, Cluster
from infra.kafka.reader import RecordReader
from infra.kafka.records import record_fields

_BATCH_BYTES = 200 << 10  # estimated
_HEADER_BYTES = 200  # of a record, estimated: all but key and value
_LANES = 2


class KafkaLogWriter:
    """The port `LogWriter`. A record that is not acknowledged for `delivery_s` is given up."""

    def __init__(self, cluster: Cluster, delivery_s: float = 30.0) -> None:
        self._cluster = cluster
        self._lanes = [_Lane(cluster, delivery_s) for _ in range(_LANES)]
        self._threads = ThreadPoolExecutor(_LANES, "writer")

    @cached_property
    def _reader(self) -> RecordReader:
        return RecordReader(self._cluster)

    def close(self) -> None:
        self._threads.shutdown()
        for lane in self._lanes:
            lane.end_producer()
        if "_reader" in self.__dict__:
            self._reader.close()

    def last_records(self, partitions: Collection[int]) -> Mapping[int, LogRecord]:
        records = self._reader.last_records(partitions)
        return {partition: record.log_record for partition, record in records.items()}

    def read_records(self, partition: int, after: int, limit: int) -> list[LogRecord]:
        return [record.log_record for record in self._reader.page(partition, after, limit)]

    def write(self, batches: Mapping[int, Sequence[tuple[StoredEnvelope, bytes]]]) -> None:
        writes = [
            self._threads.submit(
                lane.write, {p: batch for p, batch in batches.items() if p % _LANES == n}
            )
            for n, lane in enumerate(self._lanes)
        ]
        wait(writes)  # for all of them, before the failure of one is raised
        for write in writes:
            write.result()


class _Lane:
    """The producer of some partitions; it is created again after a failure."""

    def __init__(self, cluster: Cluster, delivery_s: float) -> None:
        self._cluster, self._delivery_s = cluster, delivery_s
        self._producer: KafkaProducer | None = None

    def write(self, batches: Mapping[int, Sequence[tuple[StoredEnvelope, bytes]]]) -> None:
        queues = {partition: deque(batch) for partition, batch in batches.items()}
        try:
            while queues := {p: queue for p, queue in queues.items() if queue}:
                producer = self._producer = self._producer or self._create_producer()
                sent = [s for p, queue in queues.items() for s in self._send(producer, p, queue)]
                producer.flush(self._delivery_s + 5)
                for number, future in sent:
                    if 0 <= future.get(0).offset < number - 1:
                        raise WriteUnconfirmed("the topic was deleted, and begins again")
        except KafkaError as error:
            self.end_producer()
            raise WriteUnconfirmed(str(self._cluster.unreachable(error))) from error

    def _send(
        self, producer: KafkaProducer, partition: int, queue: deque[tuple[StoredEnvelope, bytes]]
    ) -> list[tuple[int, Any]]:
        """Send as many events as fit into one batch; return their numbers and futures."""
        target = self._cluster.topic_partition(partition)
        size = 0
        sent: list[tuple[int, Any]] = []
        while queue:
            stored, chain = queue[0]
            size += len(stored.envelope) + len(stored.owner) + _HEADER_BYTES
            if sent and size > _BATCH_BYTES:
                break
            queue.popleft()
            fields = record_fields(stored, chain)
            future = producer.send(target.topic, partition=target.partition, **fields)
            sent.append((stored.number, future))
        return sent

    def _create_producer(self) -> KafkaProducer:
        return KafkaProducer(
            **self._cluster.connection()
            | {"request_timeout_ms": int(min(10.0, self._delivery_s / 3) * 1000)},
            acks="all",
            enable_idempotence=True,
            compression_type="lz4",
            # A full batch is sent at once, with those of all other partitions. Ours never are.
            batch_size=2 * _BATCH_BYTES,
            linger_ms=int(self._delivery_s * 500),
            delivery_timeout_ms=int(self._delivery_s * 1000),
            max_block_ms=int(self._delivery_s * 1000),
            max_request_size=MAX_RECORD_BYTES,
            allow_auto_create_topics=False,
            metrics_enabled=False,
        )

    def end_producer(self) -> None:
        """End the producer, whatever state it is in; the next write creates another."""
        producer, self._producer = self._producer, None
        if producer:
            # `close` waits for unsent records, and gives up without ending its thread.
            producer._sender.force_close()
            with suppress(KafkaError):
                producer.close(0)
