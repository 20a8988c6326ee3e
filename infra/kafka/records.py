"""An event as a record: the stored envelope is the value, its owner the key.

It is a CloudEvent in the structured mode of the Kafka binding; the headers repeat what a reader
wants to know before it parses.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, NamedTuple

from consumers.ports.log import LogRecord, StoredEnvelope

_STRUCTURED = b"application/cloudevents+json; charset=UTF-8"


def milliseconds(time: datetime) -> int:
    """Kafka's time: whole milliseconds since 1970, not before."""
    return max(0, int(time.timestamp() * 1000))


def fields(stored: StoredEnvelope, chain: bytes) -> dict[str, Any]:
    """What a producer's `send` takes, but for where to."""
    return {
        "key": stored.owner.encode(),
        "value": stored.envelope,
        "headers": [
            ("number", b"%d" % stored.number),  # first: our readers want no other
            ("incarnation", b"%d" % stored.incarnation),
            ("type", stored.type.encode()),
            ("content-type", _STRUCTURED),
            ("chain", chain.hex().encode()),
            ("digest", stored.digest.hex().encode()),
        ],
        "timestamp_ms": milliseconds(stored.recorded),
    }


class NumberedRecord(NamedTuple):
    """A record as it was read; a tuple, since a dataclass takes twice as long to make.

    Only few want more of `headers` than the number.
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
    def astray(self) -> bool:
        """Whether it cannot have a record of each smaller number before it."""
        return self.offset < self.number - 1

    @property
    def carried(self) -> LogRecord:
        headers = dict(self.headers)
        return LogRecord(
            self.incarnation,
            self.number,
            self.owner,
            bytes.fromhex(headers["digest"].decode()),
            bytes.fromhex(headers["chain"].decode()),
            self.envelope,
        )


def _header(headers: Iterable[tuple[str, bytes]], wanted: str) -> bytes:
    for name, value in headers:
        if name == wanted:
            return value
    raise KeyError(wanted)
