"""The store: where every accepted event is appended first, and what is kept beside it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

import msgspec

from consumers.ports.log import LogRecord, StoredEnvelope
from domain.book.book import Book
from domain.errors import Refusal
from domain.event import Data, Event, Position, Recorded
from domain.order.events import ChangeOrderRequested, QuoteIssued
from domain.pricing.quote import Requote


class StreamAppend(msgspec.Struct, frozen=True):
    """Events for one stream, all or none of them.

    `expected` is the version that the stream must have (0: it is new); None means its end.
    `owner` is the events' customer, without one the stream, unless another one is given.
    `fingerprint` is what tells a repetition under the same ids from other contents; without one,
    the events themselves are compared.
    """

    stream: str
    events: tuple[Event[Data], ...]
    expected: int | None = None
    fingerprint: bytes | None = None
    owner: str = ""

    def __post_init__(self) -> None:
        if not self.owner:
            owner = self.events[0].customerid or self.stream
            msgspec.structs.force_setattr(self, "owner", owner)


class Appended(msgspec.Struct, frozen=True):
    """Events are stored and durable. A `duplicate` was stored before: the first answer again."""

    positions: tuple[Position, ...]
    version: int
    recorded: datetime
    duplicate: bool = False


@dataclass(frozen=True, slots=True)
class ReportHeld:
    """A report that waits, durable and listed, until its stream opens or a person releases it."""

    id: UUID
    duplicate: bool = False


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

    def stored_ids(self, ids: Collection[UUID]) -> set[UUID]:
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
class HeldReport:
    """A report that is held, as its publisher sent it."""

    id: UUID
    subject: str
    type: str
    received: datetime
    message: bytes


class HeldReportStore(Protocol):
    """Where reports wait, sealed, until their stream opens."""

    def hold(self, reports: Sequence[HeldReport]) -> None:
        """Durable when it returns; what is there already stays as it is."""
        ...

    def find(
        self, subjects: Collection[str] | None = None, ids: Collection[UUID] | None = None
    ) -> list[HeldReport]:
        """Those of the subjects and ids, in the order in which they came; None: any."""
        ...

    def remove(self, ids: Collection[UUID]) -> None:
        """They are in the store now."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuedPrice:
    """The price of a quote or of a change order, under its id in an order.

    Without an id and a price, the stored event cannot be read.
    """

    order: str
    position: Position
    id: str | None
    price: QuoteIssued | Requote | None
    change: ChangeOrderRequested | None = None


class IssuedPrices(Protocol):
    """Every price that was ever issued, also to customers who were erased since."""

    def all(self, partition: int) -> Iterator[IssuedPrice]:
        """The prices of a partition, in the order of their positions."""
        ...

    def find(self, stream: str, id: str) -> IssuedPrice | None:
        """The price of an order's stream by the id of the quote or change order."""
        ...

    def event(self, id: UUID) -> IssuedPrice | None:
        """The price by the id of its event."""
        ...


class EnvelopeStore(Protocol):
    """What a relay copies: the store, a partition at a time."""

    def heads(self) -> Mapping[int, int]:
        """The number of the last event of each partition; 0 where there is none."""
        ...

    def read(self, partition: int, after: int, limit: int) -> list[StoredEnvelope]:
        """Up to `limit` events from number `after + 1` on. Raises Hole."""
        ...

    def note_relayed(self, numbers: Mapping[int, int]) -> None:
        """Notes how far the log has partitions, for those who wait for it."""
        ...

    def refuse_appends(self) -> None:
        """Refuses appends, at every door and until a restore: the log has more than the store."""
        ...


class RestorableStore(EnvelopeStore, Protocol):
    """A store that takes back what its log has more."""

    def put(self, partition: int, events: Sequence[LogRecord]) -> None:
        """Events as they were, after those that are there; durable when it returns.

        Raises LogForged or LogTypeUnknown, and takes none of them.
        """
        ...
