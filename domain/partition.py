"""The partition of an owner's events, as Kafka's default partitioner computes it."""

from __future__ import annotations

import functools

from domain.subject import Subject, is_subject

_M, _R, _MASK = 0x5BD1E995, 24, 0xFFFFFFFF


@functools.lru_cache(50_000)
def partition_of(owner: str, partitions: int) -> int:
    """Return the partition of an owner: 0 to `partitions` - 1, or `partitions` if it is shared."""
    if is_subject(owner) and Subject.parse(owner).is_shared:
        return partitions
    return (murmur2(owner.encode()) & 0x7FFFFFFF) % partitions


def murmur2(data: bytes) -> int:
    """Return the unsigned hash of Kafka's `org.apache.kafka.common.utils.Utils.murmur2`."""
    h = (0x9747B28C ^ len(data)) & _MASK
    whole = len(data) & ~3
    for i in range(0, whole, 4):
        k = int.from_bytes(data[i : i + 4], "little") * _M & _MASK
        k = (k ^ (k >> _R)) * _M & _MASK
        h = (h * _M & _MASK) ^ k
    if rest := data[whole:]:
        h = (h ^ int.from_bytes(rest, "little")) * _M & _MASK
    h = (h ^ (h >> 13)) * _M & _MASK
    return h ^ (h >> 15)
