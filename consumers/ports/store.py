"""The store, where every accepted event is appended first, and what is kept beside it."""

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
    """Events to append to one stream, all or none of them.

    `expected` is the version that the stream must have, 0 for a new stream; None accepts any. An
    `owner` that is not given is the customer of the events, or without one the stream.
    `fingerprint` is what is digested to tell a repetition under the same ids from other contents;
    without one, the events are.
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
    """Where events are stored, durably. A `duplicate` was stored before, at these positions."""

    positions: tuple[Position, ...]
    version: int
    recorded: datetime
    duplicate: bool = False


@dataclass(frozen=True, slots=True)
class ReportHeld:
    """A report was held, durably, until its stream opens or a person releases it."""

    id: UUID
    duplicate: bool = False


class Store(Protocol):
    """The store of all accepted events."""

    def append(self, appends: Sequence[StreamAppend]) -> list[Appended | Refusal]:
        """Append to many streams in one transaction; return the answer to each, in their order.

        A refusal (VersionConflict, ContentsDiffer, ConsentMissing, OwnerDiffers, KeyLost) affects
        only its own append and uses no number. Everything else is durable.
        """
        ...

    def read_stream(self, stream: str, after: int = 0) -> list[Recorded[Data]]:
        """Return the events of a stream after a version, in order; none if it is not open."""
        ...

    def owners(self, streams: Collection[str]) -> Mapping[str, str]:
        """Return the owners of those of the streams that are open."""
        ...

    def stored_ids(self, ids: Collection[UUID]) -> set[UUID]:
        """Return those of the ids that stored events have."""
        ...


class Books(Protocol):
    """The versions of catalogues."""

    def current(self, name: str, at: datetime) -> Book | None:
        """Return the published version that is effective at a time."""
        ...

    def version(self, name: str, number: int) -> Book:
        """Return a version as it was drafted, with the options that are withdrawn by now.

        Raises Malformed if there is none.
        """
        ...

    def bound(self, name: str, number: int | None, at: datetime) -> Book | None:
        """Return a version; without a number the one that is effective at a time."""
        ...


@dataclass(frozen=True, slots=True)
class HeldReport:
    """A held report; `message` is the line that its publisher sent."""

    id: UUID
    subject: str
    type: str
    received: datetime
    message: bytes


class HeldReportStore(Protocol):
    """Held reports, sealed."""

    def hold(self, reports: Sequence[HeldReport]) -> None:
        """Store reports durably. A report that is there already is not changed."""
        ...

    def find(
        self, subjects: Collection[str] | None = None, ids: Collection[UUID] | None = None
    ) -> list[HeldReport]:
        """Return the reports with the subjects and ids in the order of their arrival; None stands
        for any."""
        ...

    def remove(self, ids: Collection[UUID]) -> None:
        """Remove reports, because the store has their events now."""
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
    """The stored events by partition, as a relay copies them."""

    def heads(self) -> Mapping[int, int]:
        """Return the number of the last event of each partition, 0 for an empty one."""
        ...

    def read(self, partition: int, after: int, limit: int) -> list[StoredEnvelope]:
        """Return up to `limit` events from number `after + 1` on. Raises Hole."""
        ...

    def note_relayed(self, numbers: Mapping[int, int]) -> None:
        """Note the last numbers that the log has, for clients that wait for the log."""
        ...

    def refuse_appends(self) -> None:
        """Refuse every append until a restore, because the log has events that the store lacks."""
        ...


class RestorableStore(EnvelopeStore, Protocol):
    """A store that events of its log can be restored to."""

    def put(self, partition: int, events: Sequence[LogRecord]) -> None:
        """Store events of a partition after the stored ones, unchanged and durably.

        Raises LogForged or LogTypeUnknown; then none of them is stored.
        """
        ...
