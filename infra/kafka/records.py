"""An event as a record: the stored envelope is the value, its owner the key.

It is a CloudEvent in the structured mode of the Kafka binding; the headers repeat what a reader
wants to know before it parses.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from consumers.ports import Carried, Stored

_STRUCTURED = b"application/cloudevents+json; charset=UTF-8"


def milliseconds(time: datetime) -> int:
    """Kafka's time: whole milliseconds since 1970, not before."""
    return max(0, int(time.timestamp() * 1000))


def fields(stored: Stored, chain: bytes) -> dict[str, Any]:
    """What a producer's `send` takes, but for where to."""
    return {
        "key": stored.owner.encode(),
        "value": stored.envelope,
        "headers": [
            ("content-type", _STRUCTURED),
            ("type", stored.type.encode()),
            ("incarnation", b"%d" % stored.incarnation),
            ("number", b"%d" % stored.number),
            ("chain", chain.hex().encode()),
            ("digest", stored.digest.hex().encode()),
        ],
        "timestamp_ms": milliseconds(stored.recorded),
    }


@dataclass(frozen=True, slots=True)
class Read:
    """A record as it was read."""

    offset: int
    owner: str
    type: str
    incarnation: int
    number: int
    chain: bytes
    digest: bytes
    envelope: bytes

    @classmethod
    def of(cls, record: Any) -> Read:
        headers = dict(record.headers)
        return cls(
            record.offset,
            record.key.decode(),
            headers["type"].decode(),
            int(headers["incarnation"]),
            int(headers["number"]),
            headers["chain"],
            headers["digest"],
            record.value,
        )

    @property
    def astray(self) -> bool:
        """Whether it cannot have a record of each smaller number before it."""
        return self.offset < self.number - 1

    @property
    def carried(self) -> Carried:
        return Carried(
            self.incarnation,
            self.number,
            self.owner,
            bytes.fromhex(self.digest.decode()),
            bytes.fromhex(self.chain.decode()),
            self.envelope,
        )
