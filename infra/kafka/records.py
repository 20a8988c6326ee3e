"""Events as Kafka records: the stored envelope is the value, its owner the key.

A record is a CloudEvent in the structured mode of the Kafka binding. Its headers repeat what a
reader needs before it parses the value.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, NamedTuple

from consumers.ports.log import LogRecord, StoredEnvelope

_STRUCTURED = b"application/cloudevents+json; charset=UTF-8"


def milliseconds(time: datetime) -> int:
    """A time as Kafka has it: whole milliseconds since 1970, never negative."""
    return max(0, int(time.timestamp() * 1000))


def record_fields(stored: StoredEnvelope, chain: bytes) -> dict[str, Any]:
    """The arguments of a producer's `send`, without topic and partition."""
    return {
        "key": stored.owner.encode(),
        "value": stored.envelope,
        "headers": [
            ("number", b"%d" % stored.number),  # first: our readers need no other
            ("incarnation", b"%d" % stored.incarnation),
            ("type", stored.type.encode()),
            ("content-type", _STRUCTURED),
            ("chain", chain.hex().encode()),
            ("digest", stored.digest.hex().encode()),
        ],
        "timestamp_ms": milliseconds(stored.recorded),
    }


class NumberedRecord(NamedTuple):
    """A record of the log as it was read; a tuple, because a dataclass takes twice as long to
    create. All of `headers` but the number are decoded on demand.
    """

    offset: int
    owner: str
    number: int
    envelope: bytes
    headers: Iterable[tuple[str, bytes]]

    @classmethod
    def of(cls, record: Any) -> NumberedRecord:
        headers = record.headers
        number = int(_header(headers, "number"))
        return cls(record.offset, record.key.decode(), number, record.value, headers)

    @property
    def type(self) -> str:
        return _header(self.headers, "type").decode()

    @property
    def incarnation(self) -> int:
        return int(_header(self.headers, "incarnation"))

    @property
    def is_misplaced(self) -> bool:
        """Whether its offset is too small for a record of each smaller number before it."""
        return self.offset < self.number - 1

    @property
    def log_record(self) -> LogRecord:
        headers = dict(self.headers)
        return LogRecord(
            self.incarnation,
            self.number,
            self.owner,
            bytes.fromhex(headers["digest"].decode()),
            bytes.fromhex(headers["chain"].decode()),
            self.envelope,
        )


def _header(headers: Iterable[tuple[str, bytes]], name: str) -> bytes:
    for each, value in headers:
        if each == name:
            return value
    raise KeyError(name)
