"""The store: where every accepted event is appended first, and what is kept beside it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

import msgspec

from consumers.ports.log import Carried, Stored
from domain.book.book import Book
from domain.errors import Refusal
from domain.event import Data, Event, Position, Recorded


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


class Restorable(Envelopes, Protocol):
    """A store that takes back what its log has more."""

    def put(self, partition: int, events: Sequence[Carried]) -> None:
        """Events as they were, after those that are there; durable when it returns.

        Raises LogForged or TypeUnknown, and takes none of them.
        """
        ...
