"""A faster decoder of the record batches that a consumer has fetched.

kafka-python's own decoder is most of what reading costs (docs/adr/0010-kafka.md). Groups, offsets,
checksums and transactions stay the library's. The format of a batch:
https://kafka.apache.org/documentation/#messageformat
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import kafka
from kafka import KafkaConsumer
from kafka.consumer.fetcher import Fetcher, IsolationLevel
from kafka.errors import CorruptRecordError
from kafka.record.default_records import DefaultRecordBatch

_TESTED_RELEASE = "3.0.12"


def install_fast_decoder(consumer: KafkaConsumer) -> None:
    """Give a consumer that has no deserializers our decoder.

    A consumer of another release of kafka-python than the tested one is left as it is.
    """
    if kafka.__version__ == _TESTED_RELEASE:
        consumer._fetcher.PartitionRecords = FastPartitionRecords


class FetchedRecord(NamedTuple):
    """The parts of a record that are used here, under the names of kafka-python's record."""

    offset: int
    key: bytes | None
    value: bytes | None
    headers: LazyHeaders


class LazyHeaders:
    """Names and values of headers, decoded one by one: most readers need the first alone."""

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
    """The batches of one partition in one fetch response."""

    def _unpack_records(self, tp: Any, records: Any, *_: Any) -> Iterator[FetchedRecord]:
        batch = records.next_batch()
        while batch is not None:
            if self.check_crcs and not batch.validate_crc():
                raise CorruptRecordError(f"a batch of {tp} at {batch.base_offset} is damaged")
            self.leader_epoch = batch.leader_epoch
            if not self._is_hidden(batch):
                for record in decode_batch(batch):
                    self.next_fetch_offset = record.offset + 1
                    yield record
            self.next_fetch_offset = batch.next_offset  # compaction may have removed its last ones
            batch = records.next_batch()
        self.drain()

    def _is_hidden(self, batch: DefaultRecordBatch) -> bool:
        """Whether a batch is a transaction's marker, or belongs to an aborted transaction."""
        if self.isolation_level == IsolationLevel.READ_COMMITTED and batch.has_producer_id():
            self._consume_aborted_transactions_up_to(batch.last_offset)
            if self._contains_abort_marker(batch):
                self.aborted_producer_ids.discard(batch.producer_id)
            elif self._is_batch_aborted(batch):
                return True
        return bool(batch.is_control_batch)


def decode_batch(batch: DefaultRecordBatch) -> Iterator[FetchedRecord]:
    """The records of a batch of format 2, the only one since Kafka 0.11."""
    batch._maybe_uncompress()
    data, at, base = bytes(batch._buffer), batch._pos, batch.base_offset
    for _ in range(batch.records_count):
        size, at = _varint(data, at)
        end = at + size
        _, at = _varint(data, at + 1)  # one byte of attributes, always 0, then the time
        delta, at = _varint(data, at)
        key, at = _bytes(data, at)
        value, at = _bytes(data, at)
        yield FetchedRecord(base + delta, key, value, LazyHeaders(data[at:end]))
        at = end


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """The zigzag number of variable length at a place, and the place after it."""
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
    """The bytes after their length (-1 for None) at a place, and the place after them."""
    size, end = data[at] >> 1, at + 1
    if data[at] & 0x81:  # a length of more than one byte, or a negative one
        size, end = _varint(data, at)
        if size < 0:
            return None, end
    return data[end : end + size], end + size
