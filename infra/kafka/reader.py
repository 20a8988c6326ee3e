"""Records of the log's partitions, read by the numbers of their events.

A record may occur twice, where a relay was interrupted, but the first record of a number comes
after the first records of all smaller numbers (docs/adr/0010-kafka.md). So number n is at offset
n - 1 or later, and a reader that takes the next number and skips all others reads every event once.

A record with number n before offset n - 1 is misplaced: the topic was deleted and created again,
and a relay's last batch was written into the new one. The relay fills that topic from the start
(docs/adr/0012-restore.md).
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

_POLL_MS = 15_000
_KEPT = 10_000  # records of a partition that are kept in memory, before and after the last page
_NEAR = 1_000  # so many records to the end are read rather than skipped
_SETTINGS = {
    "auto_offset_reset": "none",
    "enable_auto_commit": False,
    "isolation_level": "read_committed",
    # kafka-python sends no other fetch while one waits at the broker for new records.
    "fetch_max_wait_ms": 10,
    "max_poll_records": 5_000,
    "max_partition_fetch_bytes": 4 << 20,
    "allow_auto_create_topics": False,
    "metrics_enabled": False,
}


@dataclass(slots=True)
class _Window:
    """The records of a partition up to number `last` that are in memory, without gaps.

    `end` is the offset after the last record that was read, and `page_after` the number after
    which the last page began. An empty window stands before the number that comes next.
    """

    partition: int
    last: int
    end: int
    page_after: int
    records: list[NumberedRecord] = field(default_factory=list)
    beyond: int = 0  # a number that was read before the one that is next

    def add(self, record: NumberedRecord) -> None:
        self.end = record.offset + 1
        if record.number == self.last + 1:
            self.last = record.number
            self.records.append(record)
        elif record.number > self.last:
            self.beyond = record.number

    def contains(self, after: int) -> bool:
        """Whether a page after this number can be read without seeking."""
        return self.last - len(self.records) <= after <= self.last

    def record(self, number: int) -> NumberedRecord:
        return self.records[number - self.last - 1]

    def page(self, after: int, limit: int) -> list[NumberedRecord]:
        self.page_after = after
        if (old := after - (self.last - len(self.records)) - _KEPT) > 0:
            del self.records[:old]
        start = after - (self.last - len(self.records))
        return self.records[start : start + limit]

    def clear(self) -> None:
        """Drop the records and keep the place, where no page is read from."""
        self.page_after = self.last
        self.records.clear()

    @property
    def is_full(self) -> bool:
        return self.last - self.page_after > _KEPT


class RecordReader:
    """A consumer of all partitions of the log, and a window of each."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._partitions = cluster.topic_partitions
        try:
            self._consumer = KafkaConsumer(**cluster.connection(), **_SETTINGS)
        except KafkaError as error:
            raise cluster.unreachable(error) from error
        install_fast_decoder(self._consumer)
        self._consumer.assign(list(self._partitions))
        for topic_partition in self._partitions:
            self._consumer.seek(topic_partition, 0)
        self._windows: dict[int, _Window] = {}
        self._ends: dict[int, int] = {}

    def close(self) -> None:
        self._consumer.close()

    def ends(self) -> dict[int, int]:
        """The offset after the last record of each partition."""
        try:
            ends = self._consumer.end_offsets(list(self._partitions))
        except KafkaError as error:
            raise self._cluster.unreachable(error) from error
        self._ends = {partition: ends[tp] for tp, partition in self._partitions.items()}
        for partition, window in list(self._windows.items()):
            if window.end > self._ends[partition]:  # the topic was deleted, and is filled again
                del self._windows[partition]
        return self._ends

    def heads(self) -> dict[int, int]:
        """The number of the last event of each partition; 0 where there is none."""
        ends = self.ends()
        far = [
            p for p, end in ends.items()
            if end and (p not in self._windows or end - self._windows[p].end > _NEAR)
        ]  # fmt: skip
        for partition, last in self.last_records(far, ends).items():
            self._windows[partition] = _Window(
                partition, last.number, last.offset + 1, last.number, [last]
            )
        for window in list(self._windows.values()):
            self._fill(window)
            if window.is_full:
                window.clear()
        return {p: self._windows[p].last if p in self._windows else 0 for p in ends}

    def bounds(self) -> dict[int, int]:
        """An upper bound of each head, from one request; it is the head unless a record that was
        not read yet occurs twice."""
        ends = self.ends()
        return ends | {p: w.last + ends[p] - w.end for p, w in self._windows.items()}

    def last_records(
        self, partitions: Collection[int], ends: Mapping[int, int] | None = None
    ) -> dict[int, NumberedRecord]:
        """The last record of each of the partitions; none of an empty one, nor a misplaced one."""
        ends = ends or self.ends()
        last: dict[int, NumberedRecord] = {}
        missing = {p for p in partitions if ends[p]}
        for partition in missing:
            self._seek(partition, ends[partition] - 1)
        while missing:
            for topic_partition, records in self._poll(missing).items():
                last[self._partitions[topic_partition]] = NumberedRecord.of(records[-1])
            missing -= last.keys()
        return {p: record for p, record in last.items() if not record.is_misplaced}

    def page(self, partition: int, after: int, limit: int) -> list[NumberedRecord]:
        """Up to `limit` records from number `after + 1` on. Raises Hole or ReaderAhead."""
        window = self._windows.get(partition)
        if window is None or not window.contains(after):
            if (end := self.ends()[partition]) < after:
                last = self.last_records([partition])
                raise ReaderAhead(partition, after, last[partition].number if last else end)
            start = max(after - 1, 0)
            self._seek(partition, start)
            window = self._windows[partition] = _Window(partition, start, start, after)
        if window.last < after + limit:
            if window.last <= after and window.end >= self._ends[partition]:
                self.ends()  # a request, so only where the window has no record to return
            self._fill(window, after + limit)
        if window.last < after:
            raise ReaderAhead(partition, after, window.last)
        return window.page(after, limit)

    def offset(self, partition: int, number: int) -> int:
        """The offset after an event's record; for one that is not in memory the smallest that it
        can have."""
        window = self._windows.get(partition)
        if window and window.contains(number - 1) and number <= window.last:
            return window.record(number).offset + 1
        return number

    def all_records(self, partition: int) -> Iterator[NumberedRecord]:
        """All records of a partition, each number once."""
        after = 0
        while page := self.page(partition, after, _KEPT):
            yield from page
            after = page[-1].number

    def records_from(self, partition: int, offset: int) -> Iterator[NumberedRecord]:
        """The records from an offset to the end, also those that occur twice."""
        end = self.ends()[partition]
        self._seek(partition, offset)
        while offset < end:
            for records in self._poll({partition}).values():
                yield from (r for r in map(NumberedRecord.of, records) if not r.is_misplaced)
                offset = records[-1].offset + 1

    def offsets_at(self, time_ms: int) -> dict[int, int]:
        """The offset of the first record at or after a time, for each partition that has one."""
        try:
            offsets = self._consumer.offsets_for_times(dict.fromkeys(self._partitions, time_ms))
        except KafkaError as error:
            raise self._cluster.unreachable(error) from error
        return {self._partitions[tp]: at.offset for tp, at in offsets.items() if at}

    def _seek(self, partition: int, offset: int) -> None:
        self._windows.pop(partition, None)
        self._consumer.seek(self._cluster.topic_partition(partition), offset)

    def _fill(self, window: _Window, goal: float = math.inf) -> None:
        """Read until a window has number `goal` or is at the end. Other windows that are not full
        are filled with what is fetched meanwhile. Raises Hole.
        """
        while window.last < goal and window.end < self._ends[window.partition]:
            others = {p for p, other in self._windows.items() if not other.is_full}
            for topic_partition, records in self._poll(others | {window.partition}).items():
                target = self._windows[self._partitions[topic_partition]]
                for record in records:
                    target.add(NumberedRecord.of(record))
        if window.beyond > window.last and window.last < goal:
            raise Hole(window.partition, window.last, window.beyond)

    def _poll(self, partitions: Collection[int]) -> Mapping[TopicPartition, list[Any]]:
        """Some records of the partitions. Raises KafkaUnreachable where none come for 15 s."""
        active = {self._cluster.topic_partition(partition) for partition in partitions}
        self._consumer.pause(*(set(self._partitions) - active))
        self._consumer.resume(*active)
        try:
            records = self._set_aside(active) or self._consumer.poll(_POLL_MS)
        except KafkaError as error:
            self._windows.clear()
            raise self._cluster.unreachable(error) from error
        if not records:
            raise self._cluster.unreachable(TimeoutError())
        return records

    def _set_aside(self, active: Set[TopicPartition]) -> Mapping[TopicPartition, list[Any]]:
        """Some of the fetched records that were left over when a partition was paused.

        kafka-python 3.0.12 fetches nothing more of a partition before these are returned. It
        returns them for one partition a poll, and never while it holds a fetch whose records are
        all returned.
        """
        fetcher = self._consumer._fetcher
        records: Mapping[TopicPartition, list[Any]] = {}
        while not records and active & fetcher._paused_partition_records.keys():
            if not fetcher._next_partition_records:
                fetcher._next_partition_records = None
            records = self._consumer.poll(0)
        return records
