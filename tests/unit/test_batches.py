"""Our decoder of record batches returns the records and offsets of kafka-python's own."""

from __future__ import annotations

import struct
from types import SimpleNamespace

import kafka
import pytest
from crc32c import crc32c
from hypothesis import given
from hypothesis import strategies as st
from kafka import TopicPartition
from kafka.consumer.fetcher import Fetcher, IsolationLevel
from kafka.errors import CorruptRecordError
from kafka.record.memory_records import MemoryRecords, MemoryRecordsBuilder

from infra.kafka.batches import FastPartitionRecords, install_fast_decoder

PARTITION = TopicPartition("ordermade.log", 0)
NONE, GZIP, LZ4, ZSTD = 0, 1, 3, 4
SOME = st.none() | st.binary(max_size=200)
RECORDS = st.lists(
    st.tuples(SOME, SOME, st.lists(st.tuples(st.text(max_size=70), SOME), max_size=8)),
    min_size=1, max_size=9,
)  # fmt: skip
EVENTS = [
    (b"customer-%d" % n, b'{"n":%d}' % n * 40, [("type", b"a.b.v1"), ("number", b"%d" % n)])
    for n in range(300)
]


def batch(records, offset=0, codec=LZ4, **producer) -> bytes:
    builder = MemoryRecordsBuilder(2, codec, 1 << 30, **producer)
    for n, (key, value, headers) in enumerate(records):
        assert builder.append(1_772_000_000_000 + 70 * n, key, value, headers)
    builder.close()
    return struct.pack(">q", offset) + bytes(builder.buffer())[8:]  # as a broker sets the offset


def transaction(records, offset: int, producer: int) -> bytes:
    return batch(
        records, offset, transactional=True, producer_id=producer, producer_epoch=0, base_sequence=0
    )


def marker(offset: int, producer: int, commit: bool) -> bytes:
    """The control batch that a broker writes at the end of a transaction."""
    records = [(struct.pack(">hh", 0, commit), struct.pack(">hi", 0, 0), [])]
    control = bytearray(
        batch(records, offset, NONE, transactional=True, producer_id=producer, producer_epoch=0,
              base_sequence=0)
    )  # fmt: skip
    control[22] |= 0x20  # the low byte of the attributes: a control batch
    control[17:21] = struct.pack(">I", crc32c(bytes(control[21:])))
    return bytes(control)


def pages_of(kind, data: bytes, start=0, pages=(None,), **more):
    """The records of each page, with the next fetch offset and the leader epoch after it."""
    partition_records = kind(start, PARTITION, MemoryRecords(data), **more)
    result = []
    for page in pages:
        records = partition_records.take(page)
        result.append(
            ([(r.offset, r.key, r.value, list(r.headers)) for r in records],
             partition_records.next_fetch_offset, partition_records.leader_epoch)
        )  # fmt: skip
    return result


def same(data: bytes, **how):
    """The records, after both decoders have returned the same."""
    ours = pages_of(FastPartitionRecords, data, **how)
    assert ours == pages_of(Fetcher.PartitionRecords, data, **how)
    return [record for page, _, _ in ours for record in page]


@pytest.mark.parametrize("codec", [NONE, GZIP, LZ4, ZSTD])
def test_every_compression(codec):
    assert [r[1:] for r in same(batch(EVENTS, codec=codec))] == EVENTS


@given(RECORDS, st.integers(0, 2**40))
def test_any_record(records, offset):
    assert [r[1:] for r in same(batch(records, offset), start=offset)] == records


def test_long_keys_values_and_headers():
    for size in (63, 64, 8191, 8192, 70_000, 1_100_000):
        record = (b"k" * size, b"v" * size, [("h" * min(size, 9_000), b"w" * size)])
        assert [r[1:] for r in same(batch([record] * 2))] == [record] * 2


def test_starts_in_the_middle_of_a_batch_and_takes_page_by_page():
    data = batch(EVENTS) + batch(EVENTS, 300) + batch(EVENTS, 900)  # the last is after a gap
    decoded = same(data, start=123, pages=(1, 50, 126, 1, 200, None))
    assert [decoded[0][0], decoded[-1][0], len(decoded)] == [123, 1199, 777]


@pytest.mark.parametrize(
    "isolation", [IsolationLevel.READ_COMMITTED, IsolationLevel.READ_UNCOMMITTED]
)
def test_transactions(isolation):
    parts = [
        transaction(EVENTS[:5], 0, 7), transaction(EVENTS[:4], 5, 8), batch(EVENTS[:3], 9),
        marker(12, 7, commit=False), transaction(EVENTS[:2], 13, 7), marker(15, 8, commit=True),
        marker(16, 7, commit=True),
    ]  # fmt: skip
    aborted = [SimpleNamespace(producer_id=7, first_offset=0)]
    how = {"isolation_level": isolation, "aborted_transactions": aborted}
    offsets = [r[0] for r in same(b"".join(parts), **how)]
    visible = range(5, 15) if isolation == IsolationLevel.READ_COMMITTED else range(15)
    assert offsets == [offset for offset in visible if offset != 12]
    assert same(parts[3], start=12) == []


def test_a_damaged_batch_is_an_error():
    data = bytearray(batch(EVENTS))
    data[-1] ^= 1
    for kind in (FastPartitionRecords, Fetcher.PartitionRecords):
        with pytest.raises(CorruptRecordError):
            pages_of(kind, bytes(data))


def test_another_release_of_kafka_python_keeps_its_decoder(monkeypatch):
    consumer = SimpleNamespace(_fetcher=SimpleNamespace(PartitionRecords=Fetcher.PartitionRecords))
    with monkeypatch.context() as other:
        other.setattr(kafka, "__version__", "3.0.13")
        install_fast_decoder(consumer)
    assert consumer._fetcher.PartitionRecords is Fetcher.PartitionRecords
    install_fast_decoder(consumer)
    assert consumer._fetcher.PartitionRecords is FastPartitionRecords
