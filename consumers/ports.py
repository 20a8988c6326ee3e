"""The ports: what the doors and the movers need of the outside, in our own words."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

import msgspec

from domain.catalogue.book import Book, Phrase
from domain.errors import Refusal
from domain.event import Data, Event, Position, Recorded
from domain.rules.free_text import Reading
from projections.view import AnyProjection, View


class StreamAppend(msgspec.Struct, frozen=True):
    """Events for one stream, all or none of them.

    `expected` is the version that the stream must have (0: it is new); None means its end.
    `said` is what the events' ids stand for, where that is not the events: a command's contents.
    `whose` is the owner, where that is neither the events' customer nor the stream itself.
    """

    stream: str
    events: tuple[Event[Data], ...]
    expected: int | None = None
    said: bytes | None = None
    whose: str | None = None

    @property
    def owner(self) -> str:
        return self.whose or self.events[0].customerid or self.stream


class Appended(msgspec.Struct, frozen=True):
    """Stored and durable. `known`: it was so already, and these are the first answer's places."""

    positions: tuple[Position, ...]
    version: int
    recorded: datetime
    known: bool = False


@dataclass(frozen=True, slots=True)
class Held:
    """A report that waits, durable and listed, until its stream opens or a person releases it."""

    id: UUID
    known: bool = False


class Store(Protocol):
    """Where everything accepted is first."""

    def append(self, appends: Sequence[StreamAppend]) -> list[Appended | Refusal]:
        """Appends many streams in one transaction, each answered for itself, in their order.

        A refusal (VersionConflict, ContentsDiffer, ConsentMissing, OwnerDiffers) fails only its
        own append and costs no number. Returns when everything else is durable.
        """
        ...

    def read_stream(self, stream: str, after: int = 0) -> list[Recorded[Data]]:
        """The stream's events after a version, in order; empty where nobody opened it."""
        ...

    def owners(self, streams: Collection[str]) -> Mapping[str, str]:
        """The owners of those named streams that are open."""
        ...

    def known(self, ids: Collection[UUID]) -> set[UUID]:
        """Those of the ids under which something is stored."""
        ...


class Books(Protocol):
    """The versions of the catalogues."""

    def current(self, name: str, at: datetime) -> Book | None:
        """The published version that is effective at a time."""
        ...

    def version(self, name: str, number: int) -> Book:
        """A version, for ever as it was drafted, with what is withdrawn by now.

        Raises Malformed where there is none.
        """
        ...

    def bound(self, name: str, number: int | None, at: datetime) -> Book | None:
        """That version; without a number the one that is effective at a time."""
        ...


class Owners(Protocol):
    """Customers by the names that others have for them, and what they consent to now."""

    def find(self, externals: Collection[str]) -> Mapping[str, str]:
        """Customer ids of external ids, `namespace:id`, as far as they are known."""
        ...

    def mint(self, externals: Collection[str]) -> Mapping[str, str]:
        """Customer ids of all the external ids; new customers get an id and a key of their own."""
        ...

    def purposes(self, owners: Collection[str]) -> Mapping[str, frozenset[str]]:
        """What the owners consent to, as far as they are known."""
        ...

    def digest(self, owner: str, contents: bytes) -> str:
        """A MAC under the owner's key, in hex; an owner without a key gets one.

        Raises KeyLost for an owner whose key is no longer to be had.
        """
        ...


class Interpreter(Protocol):
    """Who says what free text means; a plug-in may be another."""

    def __call__(self, text: str, phrases: Sequence[Phrase]) -> Reading:
        """What the text says, by the phrases of the order's book; none where it names none.

        May take its time: nothing is locked meanwhile. What it raises is told as its failure, by
        the error's type alone.
        """
        ...


@dataclass(frozen=True, slots=True)
class Waiting:
    """A report that is held, as its publisher sent it."""

    id: UUID
    subject: str
    type: str
    received: datetime
    message: bytes


class HeldReports(Protocol):
    """Where reports wait, sealed, until their stream opens."""

    def hold(self, reports: Sequence[Waiting]) -> None:
        """Durable when it returns; what is there already stays as it is."""
        ...

    def find(
        self, subjects: Collection[str] | None = None, ids: Collection[UUID] | None = None
    ) -> list[Waiting]:
        """Those of the subjects and ids, in the order in which they came; None: any."""
        ...

    def released(self, ids: Collection[UUID]) -> None:
        """They are in the store now."""
        ...


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

    def about(self, owner: str) -> list[Recorded[Data] | Undecodable]:
        """Everything that belongs to an owner, in order."""
        ...

    def dropped(self, view: str) -> Mapping[int, Set[tuple[int, str | None]]]:
        """Numbers and keys of the events that a view goes on without, for each partition."""
        ...

    def at(self, time: datetime) -> Mapping[int, int]:
        """The number of the last event recorded at or before a time, for each partition."""
        ...

    def subscribe(self, group: str, member: str) -> Subscription:
        """Joins a consumer group, whose members share the partitions."""
        ...


@dataclass(frozen=True, slots=True)
class Stored:
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


class Envelopes(Protocol):
    """What a relay copies: the store, a partition at a time."""

    def heads(self) -> Mapping[int, int]:
        """The number of the last event of each partition; 0 where there is none."""
        ...

    def stored(self, partition: int, after: int, limit: int) -> list[Stored]:
        """Up to `limit` events from number `after + 1` on. Raises Hole."""
        ...

    def relayed(self, numbers: Mapping[int, int]) -> None:
        """Notes how far the log has partitions, for those who wait for it."""
        ...

    def close(self) -> None:
        """Refuses appends, at every door and until a restore: the log has more than the store."""
        ...


@dataclass(frozen=True, slots=True)
class Carried:
    """An event as the log has it. `chain` is H(the chain of the event before, envelope)."""

    incarnation: int
    number: int
    owner: str
    digest: bytes
    chain: bytes
    envelope: bytes


class Restorable(Envelopes, Protocol):
    """A store that takes back what its log has more."""

    def put(self, partition: int, events: Sequence[Carried]) -> None:
        """Events as they were, after those that are there; durable when it returns.

        Raises LogForged or TypeUnknown, and takes none of them.
        """
        ...


class NotWritten(Exception):
    """Whether the log has what was written is unknown: it must be asked where it stands."""


class LogWriter(Protocol):
    """The one way into a log that is not the store's own table, and out of it as it is."""

    def lasts(self, partitions: Collection[int]) -> Mapping[int, Carried]:
        """The last event of each of the partitions that has one."""
        ...

    def carried(self, partition: int, after: int, limit: int) -> list[Carried]:
        """Up to `limit` events from number `after + 1` on. Raises Hole."""
        ...

    def write(self, batches: Mapping[int, Sequence[tuple[Stored, bytes]]]) -> None:
        """Writes events, each with its chain, in their order; durable when it returns.

        Raises NotWritten. Even then what the log has of a partition has no hole.
        """
        ...


class Fenced(Exception):
    """Another member holds the partition by now: what was folded is not written."""


@dataclass(frozen=True, slots=True)
class Parked:
    """An event that waits, with the reason. A key of None means: all keys of its owner."""

    number: int
    key: str | None
    owner: str
    reason: str


@dataclass(frozen=True, slots=True)
class Change:
    """What a batch did to a partition's rows: None removes one. Written whole or not at all."""

    projection: AnyProjection
    partition: int
    epoch: int
    after: int
    upto: int
    rows: Mapping[str, tuple[str, View | None]]  # key → owner, row
    parked: Sequence[Parked] = ()
    freed: Sequence[Parked] = ()  # wait no longer


class Views(Protocol):
    """Where a projection's rows are, each partition with its own position."""

    def prepare(self, projection: AnyProjection) -> None:
        """Makes a table for a view that has none; another version of one waits for a rebuild."""
        ...

    def live(self) -> Mapping[str, str]:
        """The groups whose rows are shown, by name of view."""
        ...

    def position(self, group: str, partition: int) -> int:
        """The number of the last event that the rows contain."""
        ...

    def parked(self, group: str, partition: int) -> list[Parked]:
        """What waits in a partition, in order."""
        ...

    def load(
        self, projection: AnyProjection, partition: int, keys: Collection[str]
    ) -> dict[str, View]:
        """Those of the rows that there are."""
        ...

    def stop(self, group: str, partition: int, epoch: int, reason: str) -> None:
        """Notes that a partition is not read on, and why; the next commit takes it back."""
        ...

    def commit(self, changes: Sequence[Change]) -> None:
        """Writes rows, positions and epochs in one transaction. Raises Fenced if one of them is."""
        ...

    def amend(
        self, projection: AnyProjection, partition: int, make: Callable[[int, int], Change]
    ) -> None:
        """Commits what `make` gives for an epoch and a position, and fences off who was at it."""
        ...
