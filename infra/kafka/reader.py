"""Records of the log's partitions, by our numbers.

A record may stand in the log twice, when a relay was interrupted, but never before the first of
every smaller number (docs/adr/0010-kafka.md). So number n is at offset n - 1 or later, and a reader
that takes seen + 1 and skips the others meets every event once.

Number n before offset n - 1 is astray: the topic was lost, and what a relay had on its way came
into the new one. The relay fills that from the start (docs/adr/0012-restore.md).
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping, Set
from dataclasses import dataclass, field
from typing import Any

from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaError

from consumers.ports.log import Hole, ReaderAhead
from infra.kafka.batches import install_fast_decoder
from infra.kafka.cluster import Cluster
from infra.kafka.records import NumberedRecord

_PATIENCE_MS = 15_000
_KEPT = 10_000  # records of a partition behind and before the last reader
_NEAR = 1_000  # records that are read on to the end rather than skipped
_SETTINGS = {
    "auto_offset_reset": "none",
    "enable_auto_commit": False,
    "isolation_level": "read_committed",
    # A fetch that waits for news keeps others from going out.
    "fetch_max_wait_ms": 10,
    "max_poll_records": 5_000,
    "max_partition_fetch_bytes": 4 << 20,
    "allow_auto_create_topics": False,
    "metrics_enabled": False,
}


@dataclass(slots=True)
class _Window:
    """The records of a partition from `first` to `last`; `end` is the offset after what was read.

    It begins empty at the number before the first that is sought.
    """

    partition: int
    last: int
    end: int
    asked: int
    records: list[NumberedRecord] = field(default_factory=list)
    astray: int = 0  # a number beyond the one that was due

    def take(self, record: NumberedRecord) -> None:
        self.end = record.offset + 1
        if record.number == self.last + 1:
            self.last = record.number
            self.records.append(record)
        elif record.number > self.last:
            self.astray = record.number

    def has(self, after: int) -> bool:
        """Whether a reader at `after` goes on in here."""
        return self.last - len(self.records) <= after <= self.last

    def record(self, number: int) -> NumberedRecord:
        return self.records[number - self.last - 1]

    def page(self, after: int, limit: int) -> list[NumberedRecord]:
        self.asked = after
        if (old := after - (self.last - len(self.records)) - _KEPT) > 0:
            del self.records[:old]
        start = after - (self.last - len(self.records))
        return self.records[start : start + limit]

    def forget(self) -> None:
        """Nobody reads here: keeps the place alone."""
        self.asked = self.last
        self.records.clear()

    @property
    def full(self) -> bool:
        return self.last - self.asked > _KEPT


class RecordReader:
    """One consumer on all partitions, and what it has read of them last."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._places = cluster.topic_partitions
        try:
            self._consumer = KafkaConsumer(**cluster.connection(), **_SETTINGS)
        except KafkaError as error:
            raise cluster.unreachable(error) from error
        install_fast_decoder(self._consumer)
        self._consumer.assign(list(self._places))
        for place in self._places:
            self._consumer.seek(place, 0)
        self._windows: dict[int, _Window] = {}
        self._ends: dict[int, int] = {}

    def close(self) -> None:
        self._consumer.close()

    def ends(self) -> dict[int, int]:
        """The offset after the last record of each partition."""
        try:
            ends = self._consumer.end_offsets(list(self._places))
        except KafkaError as error:
            raise self._cluster.unreachable(error) from error
        self._ends = {partition: ends[place] for place, partition in self._places.items()}
        for partition, window in list(self._windows.items()):
            if window.end > self._ends[partition]:  # the topic was lost, and is filled again
                del self._windows[partition]
        return self._ends

    def heads(self) -> dict[int, int]:
        """The number of the last event of each partition."""
        ends = self.ends()
        far = [
            p for p, end in ends.items()
            if end and (p not in self._windows or end - self._windows[p].end > _NEAR)
        ]  # fmt: skip
        for partition, last in self.lasts(far, ends).items():
            self._windows[partition] = _Window(
                partition, last.number, last.offset + 1, last.number, [last]
            )
        for window in list(self._windows.values()):
            self._read_on(window)
            if window.full:
                window.forget()
        return {p: self._windows[p].last if p in self._windows else 0 for p in ends}

    def bounds(self) -> dict[int, int]:
        """The heads, if no record that is not read yet stands twice; else more than that."""
        ends = self.ends()
        return ends | {p: w.last + ends[p] - w.end for p, w in self._windows.items()}

    def lasts(
        self, partitions: Collection[int], ends: Mapping[int, int] | None = None
    ) -> dict[int, NumberedRecord]:
        """The last record of each of the partitions that has one, and where it belongs."""
        ends = ends or self.ends()
        found: dict[int, NumberedRecord] = {}
        wanted = {p for p in partitions if ends[p]}
        for partition in wanted:
            self._seek(partition, ends[partition] - 1)
        while wanted:
            for place, records in self._poll(wanted).items():
                found[self._places[place]] = NumberedRecord.of(records[-1])
            wanted -= found.keys()
        return {p: last for p, last in found.items() if not last.astray}

    def page(self, partition: int, after: int, limit: int) -> list[NumberedRecord]:
        """Up to `limit` records from number `after + 1` on. Raises Hole or ReaderAhead."""
        window = self._windows.get(partition)
        if window is None or not window.has(after):
            if (end := self.ends()[partition]) < after:
                last = self.lasts([partition])
                raise ReaderAhead(partition, after, last[partition].number if last else end)
            start = max(after - 1, 0)
            self._seek(partition, start)
            window = self._windows[partition] = _Window(partition, start, start, after)
        if window.last < after + limit:
            if window.last <= after and window.end >= self._ends[partition]:
                self.ends()  # is there news? Who has something to hand out does not ask
            self._read_on(window, after + limit)
        if window.last < after:
            raise ReaderAhead(partition, after, window.last)
        return window.page(after, limit)

    def offset(self, partition: int, number: int) -> int:
        """The offset after a record that was read last; what it is at least where it is another."""
        window = self._windows.get(partition)
        if window and window.has(number - 1) and number <= window.last:
            return window.record(number).offset + 1
        return number

    def everything(self, partition: int) -> Iterator[NumberedRecord]:
        """All records of a partition, each number once."""
        after = 0
        while page := self.page(partition, after, _KEPT):
            yield from page
            after = page[-1].number

    def since(self, partition: int, offset: int) -> Iterator[NumberedRecord]:
        """The records from an offset to the end."""
        end = self.ends()[partition]
        self._seek(partition, offset)
        while offset < end:
            for records in self._poll({partition}).values():
                yield from (r for r in map(NumberedRecord.of, records) if not r.astray)
                offset = records[-1].offset + 1

    def offsets(self, time_ms: int) -> dict[int, int]:
        """The offset of the first record from a time on, for each partition that has one."""
        try:
            found = self._consumer.offsets_for_times(dict.fromkeys(self._places, time_ms))
        except KafkaError as error:
            raise self._cluster.unreachable(error) from error
        return {self._places[place]: at.offset for place, at in found.items() if at}

    def _seek(self, partition: int, offset: int) -> None:
        self._windows.pop(partition, None)
        self._consumer.seek(self._cluster.topic_partition(partition), offset)

    def _read_on(self, window: _Window, goal: float = math.inf) -> None:
        """Reads until a window has number `goal` or is at the end; others fill by the way."""
        while window.last < goal and window.end < self._ends[window.partition]:
            others = {p for p, other in self._windows.items() if not other.full}
            for place, records in self._poll(others | {window.partition}).items():
                filled = self._windows[self._places[place]]
                for record in records:
                    filled.take(NumberedRecord.of(record))
        if window.astray > window.last and window.last < goal:
            raise Hole(window.partition, window.last, window.astray)

    def _poll(self, partitions: Collection[int]) -> Mapping[TopicPartition, list[Any]]:
        """Some records of the partitions. Raises KafkaSilent when there are none for long."""
        wanted = {self._cluster.topic_partition(partition) for partition in partitions}
        self._consumer.pause(*(set(self._places) - wanted))
        self._consumer.resume(*wanted)
        try:
            records = self._put_aside(wanted) or self._consumer.poll(_PATIENCE_MS)
        except KafkaError as error:
            self._windows.clear()
            raise self._cluster.unreachable(error) from error
        if not records:
            raise self._cluster.unreachable(TimeoutError())
        return records

    def _put_aside(self, wanted: Set[TopicPartition]) -> Mapping[TopicPartition, list[Any]]:
        """Some of the records that were left when a partition was paused.

        kafka-python 3.0.12 fetches no more of it before they are taken up, which it does for one
        partition a poll, and never while it holds on to records that are all handed out.
        """
        fetcher = self._consumer._fetcher
        records: Mapping[TopicPartition, list[Any]] = {}
        while not records and wanted & fetcher._paused_partition_records.keys():
            if not fetcher._next_partition_records:
                fetcher._next_partition_records = None
            records = self._consumer.poll(0)
        return records
