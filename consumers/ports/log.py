"""The log, which projections are folded from, and the errors of a log that is not intact."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from domain.errors import CodedError
from domain.event import Data, Position, Recorded


@dataclass(frozen=True, slots=True)
class Undecodable:
    """An event in the log that this release cannot read."""

    position: Position
    owner: str
    reason: str


class LogBroken(CodedError):
    """The log contradicts its reader or its store: to go on would lose events without a trace."""

    code = "log-broken"


class Hole(LogBroken):
    """Numbers of a partition are missing from the log."""

    code = "log-hole"

    def __init__(self, partition: int, after: int, number: int) -> None:
        super().__init__(
            f"partition {partition} goes from {after} to {number}: events are missing from the "
            "log, and no reader goes on. Restore the store from a backup that has them",
            partition=partition, after=after, next=number,
        )  # fmt: skip
        self.missing = after + 1


class ReaderAhead(LogBroken):
    """A reader has seen more events than the log has."""

    code = "log-behind-reader"

    def __init__(self, partition: int, after: int, head: int) -> None:
        super().__init__(
            f"a reader has seen {after} events of partition {partition}, and the log has {head}: "
            "the log is older than its reader. Restore a newer backup",
            partition=partition, reader=after, log=head,
        )  # fmt: skip
        self.missing = after


class LogAhead(LogBroken):
    """The log goes on after the end of the store."""

    code = "log-ahead-of-store"
    has_remedy = True

    def __init__(self, partition: int, log: int, store: int) -> None:
        super().__init__(
            f"the log has {log} events of partition {partition} and the store {store}: the store "
            "is older than its log. Nothing is written until a restore has brought them back",
            partition=partition, log=log, store=store,
        )  # fmt: skip


class StoreBehind(LogBroken):
    """The store refuses appends because its log has more events."""

    code = "store-behind-log"
    has_remedy = True

    def __init__(self) -> None:
        super().__init__(
            "the log has events that the store does not have. Nothing is written until a restore "
            "has brought them back"
        )


class LogDiffers(LogBroken):
    """Log and store have different events under one number."""

    code = "log-differs"
    has_remedy = True

    def __init__(self, partition: int, number: int) -> None:
        super().__init__(
            f"event {number} of partition {partition} is another in the log than in the store: "
            "either the log belongs to another deployment, or the store was restored from a backup "
            "and written to afterwards. Check the addresses of the log; if they are right, restore "
            "the store from the log, into an empty database",
            partition=partition, number=number,
        )  # fmt: skip


class LogForged(LogBroken):
    """A record of the log does not carry the hash or the number that a relay would have given."""

    code = "log-forged"

    def __init__(self, partition: int, number: int) -> None:
        super().__init__(
            f"event {number} of partition {partition} was not written by a relay: its hash or its "
            "number does not follow from the event before. Nothing after it is restored; find out "
            "who else writes to the topics",
            partition=partition, number=number,
        )  # fmt: skip


class LogTypeUnknown(LogBroken):
    """The log has events of a type that this release does not have."""

    code = "log-type-unknown"

    def __init__(self, name: str) -> None:
        super().__init__(
            f"this release does not know events of the type {name}, which the log has: restore "
            "with the release that recorded them, or a later one",
            type=name,
        )


@dataclass(frozen=True, slots=True)
class Assignment:
    """The partitions that a member of a consumer group holds, each with an epoch.

    A write with an older epoch is refused. The member loses its partitions if it does not poll for
    `session_s` seconds.
    """

    epochs: Mapping[int, int]
    session_s: float


class Subscription(Protocol):
    """A member of a consumer group."""

    def poll(self) -> Assignment:
        """Renew the membership; return what the member holds from now on."""
        ...

    def close(self) -> None:
        """Leave the group, so that other members get the partitions at once."""
        ...


class Log(Protocol):
    """The events of each partition, in order and without gaps."""

    def heads(self) -> Mapping[int, int]:
        """Return the number of the last event of each partition, 0 for an empty one."""
        ...

    def bounds(self) -> Mapping[int, int]:
        """Return an upper bound of each head, which costs less than the head.

        A reader whose position is the bound has read everything. Another one has to read to know.
        """
        ...

    def read(self, partition: int, after: int, limit: int) -> list[Recorded[Data] | Undecodable]:
        """Return up to `limit` events from number `after + 1` on. Raises Hole or ReaderAhead."""
        ...

    def events_of(self, owner: str) -> list[Recorded[Data] | Undecodable]:
        """Return all events of an owner, in order."""
        ...

    def dropped_events(self, view: str) -> Mapping[int, Set[tuple[int, str | None]]]:
        """Return number and key of each event that was dropped from a view, by partition."""
        ...

    def at(self, time: datetime) -> Mapping[int, int]:
        """Return the number of the last event recorded at or before a time, by partition."""
        ...

    def subscribe(self, group: str, member: str) -> Subscription:
        """Join a consumer group, whose members share the partitions."""
        ...


@dataclass(frozen=True, slots=True)
class StoredEnvelope:
    """A stored event; the log carries `envelope` byte for byte.

    `digest` is an HMAC of the contents, which tells a repetition from another event under the id.
    """

    incarnation: int
    number: int
    owner: str
    type: str
    recorded: datetime
    digest: bytes
    envelope: bytes


@dataclass(frozen=True, slots=True)
class LogRecord:
    """An event in the log. `chain` is SHA-256(chain of the event before ‖ envelope)."""

    incarnation: int
    number: int
    owner: str
    digest: bytes
    chain: bytes
    envelope: bytes


class WriteUnconfirmed(Exception):
    """It is not known which of the written events the log has: its last records must be read."""


class LogWriter(Protocol):
    """A log outside of the store: written by relays, and read record by record."""

    def last_records(self, partitions: Collection[int]) -> Mapping[int, LogRecord]:
        """Return the last record of each of the partitions that has one."""
        ...

    def read_records(self, partition: int, after: int, limit: int) -> list[LogRecord]:
        """Return up to `limit` records from number `after + 1` on. Raises Hole or ReaderAhead."""
        ...

    def write(self, batches: Mapping[int, Sequence[tuple[StoredEnvelope, bytes]]]) -> None:
        """Write events, each with its chain, in their order and durably.

        Raises WriteUnconfirmed. Even then the records of a partition have no gap.
        """
        ...
