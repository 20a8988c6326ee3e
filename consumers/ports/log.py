"""The log that everything downstream reads, and the errors of a log that cannot be trusted."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from domain.event import Data, Position, Recorded


@dataclass(frozen=True, slots=True)
class Undecodable:
    """An event in the log that this release cannot read."""

    position: Position
    owner: str
    reason: str


class LogBroken(Exception):
    """The log is not what its reader saw of it. Reading on would lose events in silence."""


class Hole(LogBroken):
    def __init__(self, partition: int, after: int, found: int) -> None:
        super().__init__(
            f"partition {partition} goes from {after} to {found}: events are missing from the log. "
            "Nothing reads on; restore the store from a backup that has them"
        )


class ReaderAhead(LogBroken):
    def __init__(self, partition: int, after: int, head: int) -> None:
        super().__init__(
            f"a reader has seen {after} events of partition {partition}, and the log has {head}: "
            "the log is older than its reader. Restore a newer backup, or rebuild the reader"
        )


_RESTORE = (
    "Nothing is written until `ordermade restore` has brought them back; if the log is another "
    "deployment's, name other topics with ORDERMADE_KAFKA_TOPICS and run it then"
)


class LogAhead(LogBroken):
    def __init__(self, partition: int, log: int, store: int) -> None:
        super().__init__(
            f"the log has {log} events of partition {partition} and the store {store}: the store "
            f"is older than its log. {_RESTORE}"
        )


class StoreBehind(LogBroken):
    def __init__(self) -> None:
        super().__init__(f"the log has events that the store does not have. {_RESTORE}")


class LogDiffers(LogBroken):
    def __init__(self, partition: int, number: int) -> None:
        super().__init__(
            f"event {number} of partition {partition} is another in the log than in the store: "
            "the log belongs to another deployment, or the store was restored from a backup and "
            "written to. See that ORDERMADE_KAFKA and ORDERMADE_KAFKA_TOPICS name its own log; if "
            "they do, `ordermade restore` into an empty database has what the log has"
        )


class LogForged(LogBroken):
    def __init__(self, partition: int, number: int) -> None:
        super().__init__(
            f"event {number} of partition {partition} is not what a relay wrote: its chain or its "
            "place does not fit. Nothing after it is restored; see who else writes to the topics"
        )


class TypeUnknown(LogBroken):
    def __init__(self, name: str) -> None:
        super().__init__(
            f"this release does not know events of the type {name}, which the log has: restore "
            "with the release that recorded them, or a later one"
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
