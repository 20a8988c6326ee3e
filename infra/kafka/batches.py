"""Records out of the batches that a consumer has fetched, in less time than kafka-python takes.

That is most of what reading costs (docs/adr/0010-kafka.md). Groups, positions, checksums and
transactions stay the library's. The format: https://kafka.apache.org/documentation/#messageformat
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import kafka
from kafka import KafkaConsumer
from kafka.consumer.fetcher import Fetcher, IsolationLevel
from kafka.errors import CorruptRecordError
from kafka.record.default_records import DefaultRecordBatch

_TESTED = "3.0.12"


def install_fast_decoder(consumer: KafkaConsumer) -> None:
    """For a consumer without deserializers. Another release than the tested one stays as it is."""
    if kafka.__version__ == _TESTED:
        consumer._fetcher.PartitionRecords = FastPartitionRecords


class Record(NamedTuple):
    """What we read of a record, by the names that kafka-python's have."""

    offset: int
    key: bytes | None
    value: bytes | None
    headers: Headers


class Headers:
    """Pairs of a name and a value; parsed as far as one looks, which is not far."""

    __slots__ = ("_raw",)

    def __init__(self, raw: bytes) -> None:
        self._raw = raw

    def __iter__(self) -> Iterator[tuple[str, bytes | None]]:
        raw = self._raw
        count, at = _varint(raw, 0)
        for _ in range(count):
            name, at = _bytes(raw, at)
            value, at = _bytes(raw, at)
            yield (name or b"").decode(), value
        if at != len(raw):
            raise CorruptRecordError("a record is longer than its parts")


class FastPartitionRecords(Fetcher.PartitionRecords):  # type: ignore[misc]
    """The batches of a partition that came in one answer."""

    def _unpack_records(self, tp: Any, records: Any, *_: Any) -> Iterator[Record]:
        batch = records.next_batch()
        while batch is not None:
            if self.check_crcs and not batch.validate_crc():
                raise CorruptRecordError(f"a batch of {tp} at {batch.base_offset} is damaged")
            self.leader_epoch = batch.leader_epoch
            if not self._hidden(batch):
                for record in parsed(batch):
                    self.next_fetch_offset = record.offset + 1
                    yield record
            self.next_fetch_offset = batch.next_offset  # its last record may have been compacted
            batch = records.next_batch()
        self.drain()

    def _hidden(self, batch: DefaultRecordBatch) -> bool:
        """Whether a batch is a transaction's marker, or of a transaction that was aborted."""
        if self.isolation_level == IsolationLevel.READ_COMMITTED and batch.has_producer_id():
            self._consume_aborted_transactions_up_to(batch.last_offset)
            if self._contains_abort_marker(batch):
                self.aborted_producer_ids.discard(batch.producer_id)
            elif self._is_batch_aborted(batch):
                return True
        return bool(batch.is_control_batch)


def parsed(batch: DefaultRecordBatch) -> Iterator[Record]:
    """The records of a batch of format 2, the only one since Kafka 0.11."""
    batch._maybe_uncompress()
    data, at, base = bytes(batch._buffer), batch._pos, batch.base_offset
    for _ in range(batch.records_count):
        size, at = _varint(data, at)
        end = at + size
        _, at = _varint(data, at + 1)  # attributes, of which there are none, and the time
        delta, at = _varint(data, at)
        key, at = _bytes(data, at)
        value, at = _bytes(data, at)
        yield Record(base + delta, key, value, Headers(data[at:end]))
        at = end


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """A number of variable length, the sign in its last bit, and where it ends."""
    byte = data[at]
    at += 1
    number, shift = byte & 127, 7
    while byte > 127:
        byte = data[at]
        at += 1
        number |= (byte & 127) << shift
        shift += 7
    return number >> 1 ^ -(number & 1), at


def _bytes(data: bytes, at: int) -> tuple[bytes | None, int]:
    """Bytes behind their length, which is -1 for None, and where they end."""
    size, end = data[at] >> 1, at + 1
    if data[at] & 0x81:  # no byte says it all, or it is negative
        size, end = _varint(data, at)
        if size < 0:
            return None, end
    return data[end : end + size], end + size
