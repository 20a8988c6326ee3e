"""The relay's way into Kafka: whole batches, each acknowledged before the next of its partition.

A producer that has several batches of a partition on their way may give up one and still deliver
the next, and nobody could mend that hole. So a partition has one batch on its way: as many records
as one takes for certain, held back by the linger until `flush`. Meanwhile the other half of the
partitions is filled, by a producer of its own. See docs/adr/0010-kafka.md.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import suppress
from typing import Any

from kafka import KafkaProducer
from kafka.errors import KafkaError

from consumers.ports.log import LogRecord, StoredEnvelope, WriteUnconfirmed
from infra.kafka import records
from infra.kafka.cluster import LARGEST, Cluster
from infra.kafka.reader import RecordReader

_BATCH = 200 << 10  # bytes, reckoned
_LANES = 2
_HEADERS = 200  # bytes of a record, roughly, that are neither key nor value


class KafkaLogWriter:
    """The port `LogWriter`. What is not acknowledged for `delivery_s` is given up."""

    def __init__(self, cluster: Cluster, delivery_s: float = 30.0) -> None:
        self._cluster = cluster
        self._reader: RecordReader | None = None
        self._lanes = [_Lane(cluster, delivery_s) for _ in range(_LANES)]
        self._threads = ThreadPoolExecutor(_LANES, "writer")

    def close(self) -> None:
        self._threads.shutdown()
        for lane in self._lanes:
            lane.forget()
        if self._reader:
            self._reader.close()

    def last_records(self, partitions: Collection[int]) -> Mapping[int, LogRecord]:
        self._reader = self._reader or RecordReader(self._cluster)
        found = self._reader.lasts(partitions)
        return {partition: record.carried for partition, record in found.items()}

    def read_records(self, partition: int, after: int, limit: int) -> list[LogRecord]:
        self._reader = self._reader or RecordReader(self._cluster)
        return [record.carried for record in self._reader.page(partition, after, limit)]

    def write(self, batches: Mapping[int, Sequence[tuple[StoredEnvelope, bytes]]]) -> None:
        writing = [
            self._threads.submit(
                lane.write, {p: batch for p, batch in batches.items() if p % _LANES == n}
            )
            for n, lane in enumerate(self._lanes)
        ]
        wait(writing)  # all of them, before one may say that it failed
        for written in writing:
            written.result()


class _Lane:
    """A producer, made anew when one has failed."""

    def __init__(self, cluster: Cluster, delivery_s: float) -> None:
        self._cluster, self._delivery_s = cluster, delivery_s
        self._producer: KafkaProducer | None = None

    def write(self, batches: Mapping[int, Sequence[tuple[StoredEnvelope, bytes]]]) -> None:
        waiting = {partition: deque(batch) for partition, batch in batches.items()}
        try:
            while waiting := {p: queue for p, queue in waiting.items() if queue}:
                self._producer = self._producer or self._made()
                sent = [s for p, queue in waiting.items() for s in self._send(p, queue)]
                self._producer.flush(self._delivery_s + 5)
                for number, future in sent:
                    if 0 <= future.get(0).offset < number - 1:
                        raise WriteUnconfirmed("the topic was lost, and begins anew")
        except KafkaError as error:
            self.forget()
            raise WriteUnconfirmed(str(self._cluster.unreachable(error))) from error

    def _send(
        self, partition: int, queue: deque[tuple[StoredEnvelope, bytes]]
    ) -> list[tuple[int, Any]]:
        """Sends what is one batch; the numbers and their futures."""
        assert self._producer
        place = self._cluster.topic_partition(partition)
        size = 0
        sent: list[tuple[int, Any]] = []
        while queue:
            stored, chain = queue[0]
            size += len(stored.envelope) + len(stored.owner) + _HEADERS
            if sent and size > _BATCH:
                break
            queue.popleft()
            made = records.fields(stored, chain)
            future = self._producer.send(place.topic, partition=place.partition, **made)
            sent.append((stored.number, future))
        return sent

    def _made(self) -> KafkaProducer:
        return KafkaProducer(
            **self._cluster.connection()
            | {"request_timeout_ms": int(min(10.0, self._delivery_s / 3) * 1000)},
            acks="all",
            enable_idempotence=True,
            compression_type="lz4",
            # A batch that is full takes those of all partitions with it, as they are: none is.
            batch_size=2 * _BATCH,
            linger_ms=int(self._delivery_s * 500),
            delivery_timeout_ms=int(self._delivery_s * 1000),
            max_block_ms=int(self._delivery_s * 1000),
            max_request_size=LARGEST,
            allow_auto_create_topics=False,
            metrics_enabled=False,
        )

    def forget(self) -> None:
        """Ends the producer, whatever state it is in; the next write makes another."""
        producer, self._producer = self._producer, None
        if producer:
            # It waits for what is unsent before it ends its thread, and gives up: end that first.
            producer._sender.force_close()
            with suppress(KafkaError):
                producer.close(0)
