"""The log that everything downstream reads, and the errors of a log that cannot be trusted."""

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
    """The log does not agree with its reader or its store; going on would lose events silently."""

    code = "log-broken"


class Hole(LogBroken):
    """Numbers of a partition are missing from the log."""

    code = "log-hole"

    def __init__(self, partition: int, after: int, found: int) -> None:
        super().__init__(
            f"partition {partition} goes from {after} to {found}: events are missing from the log, "
            "and no reader goes on. Restore the store from a backup that has them",
            partition=partition, after=after, next=found,
        )  # fmt: skip
        self.missing = after + 1


class ReaderAhead(LogBroken):
    """A reader has seen more events than the log has."""

    code = "log-behind-reader"

    def __init__(self, partition: int, after: int, head: int) -> None:
        super().__init__(
            f"a reader has seen {after} events of partition {partition}, and the log has {head}: "
            "the log is older than its reader. Restore a newer backup, or rebuild the reader",
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
    """The partitions that a member holds, each with the epoch that fences its writes.

    It holds them for `session_s` seconds, and on if it polls before they are over.
    """

    epochs: Mapping[int, int]
    session_s: float


class Subscription(Protocol):
    """A member of a consumer group."""

    def poll(self) -> Assignment:
        """Says that this member lives, and returns what it holds from now on."""
        ...

    def close(self) -> None:
        """Leaves the group; its partitions are free at once."""
        ...


class Log(Protocol):
    """What everything downstream reads: each partition in order, without a hole."""

    def heads(self) -> Mapping[int, int]:
        """The number of the last event of each partition; 0 where there is none."""
        ...

    def bounds(self) -> Mapping[int, int]:
        """At least the head of each partition, at less cost: who is there has seen everything.

        Who is not there reads on, and knows better then.
        """
        ...

    def read(self, partition: int, after: int, limit: int) -> list[Recorded[Data] | Undecodable]:
        """Up to `limit` events from number `after + 1` on. Raises Hole or ReaderAhead."""
        ...

    def events_of(self, owner: str) -> list[Recorded[Data] | Undecodable]:
        """Everything that belongs to an owner, in order."""
        ...

    def dropped_events(self, view: str) -> Mapping[int, Set[tuple[int, str | None]]]:
        """Numbers and keys of the events that a view goes on without, for each partition."""
        ...

    def at(self, time: datetime) -> Mapping[int, int]:
        """The number of the last event recorded at or before a time, for each partition."""
        ...

    def subscribe(self, group: str, member: str) -> Subscription:
        """Joins a consumer group, whose members share the partitions."""
        ...


@dataclass(frozen=True, slots=True)
class StoredEnvelope:
    """An event as the store has it; `envelope` is what the log carries, byte for byte.

    `digest` tells a repetition from another event under the same id.
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
    """An event as the log has it. `chain` is H(the chain of the event before, envelope)."""

    incarnation: int
    number: int
    owner: str
    digest: bytes
    chain: bytes
    envelope: bytes


class WriteUnconfirmed(Exception):
    """Whether the log has what was written is unknown: it must be asked where it stands."""


class LogWriter(Protocol):
    """The one way into a log that is not the store's own table, and out of it as it is."""

    def last_records(self, partitions: Collection[int]) -> Mapping[int, LogRecord]:
        """The last event of each of the partitions that has one."""
        ...

    def read_records(self, partition: int, after: int, limit: int) -> list[LogRecord]:
        """Up to `limit` events from number `after + 1` on. Raises Hole."""
        ...

    def write(self, batches: Mapping[int, Sequence[tuple[StoredEnvelope, bytes]]]) -> None:
        """Writes events, each with its chain, in their order; durable when it returns.

        Raises WriteUnconfirmed. Even then what the log has of a partition has no hole.
        """
        ...
