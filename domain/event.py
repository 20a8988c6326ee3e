"""What an event is: its kind, wire name and data, its envelope, and its position in the log."""

from __future__ import annotations

import functools
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from hashlib import sha1
from typing import Annotated, Any, Generic, TypeVar
from uuid import UUID, uuid5

import msgspec
from pydantic import Field

from domain.personal import Personal, Plain, Pseudonym
from domain.values import (
    ChoiceSpace,
    Collaboration,
    Name,
    Origin,
    Purpose,
    Seconds,
    Stage,
    Target,
    Text,
    Time,
)

NAMESPACE = UUID("5f0c2b53-7d0e-5a52-9d1c-6b7a3f3f7a11")
"""The id of an event is uuid5(uuid5(NAMESPACE, source), id): sent again, it has the same id."""


class Kind(Enum):
    """How an event comes about.

    A fact needs no agreement: it is accepted as it is published, and is a stream of its own. A
    decision is recorded by a command whose rules held. A report says what has happened outside, and
    no business rule refuses it.
    """

    FACT = "fact"
    DECISION = "decision"
    REPORT = "report"


class Data:
    """The data of an event. Subclasses are frozen dataclasses that `event` registers."""

    __slots__ = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice(Data):
    """Data that describe a choice: what all choices of customers have in common.

    `origin` is whether the customer chose, was observed, or was described by a third party;
    `choice_space` what could be chosen from; `target` and `stage` what it changes, and when;
    `collaboration` how the customer was helped; `effort_s` how many seconds it took them.
    """

    origin: Plain[Origin]
    choice_space: Plain[ChoiceSpace]
    target: Plain[Target]
    stage: Plain[Stage]
    collaboration: Plain[Collaboration] = "none"
    effort_s: Plain[Seconds] = 0.0


D = TypeVar("D", bound=Data)
D_co = TypeVar("D_co", bound=Data, covariant=True)


@dataclass(frozen=True, slots=True)
class EventType:
    """A registered type of event.

    `needs` is the purpose to which the customer must have consented, `upcast` turns the data into
    that of the next version, and a report that `opens` a stream may be the first event of it
    without naming a customer.
    """

    name: str
    kind: Kind
    needs: Purpose | None
    cls: type[Data]
    upcast: Callable[[Any], Data] | None
    opens: bool


TYPES: dict[str, EventType] = {}
_BY_CLASS: dict[type[Data], EventType] = {}
_WIRE_NAME = re.compile(r"[a-z]+(-[a-z]+)*\.[a-z]+(-[a-z]+)*\.v[1-9]\d*")


def event(
    name: str,
    kind: Kind,
    *,
    needs: Purpose | None,
    upcast: Callable[[Any], Data] | None = None,
    opens: bool = False,
) -> Callable[[type[D]], type[D]]:
    """Register a frozen dataclass under a wire name, `noun.verb.vN`, which is never used again.

    `needs` has no default: whether an event needs consent is decided for each. None is for what
    customers demand for themselves (a rejection, a withdrawal), which must not be refused; for
    reports, which say what has happened already; and for events that are about no customer.
    """

    def register(cls: type[D]) -> type[D]:
        if not _WIRE_NAME.fullmatch(name) or name in TYPES:
            raise ValueError(f"{name}: a wire name is noun.verb.vN, and never used again")
        strict(cls)
        TYPES[name] = _BY_CLASS[cls] = EventType(name, kind, needs, cls, upcast, opens)
        return cls

    return register


C = TypeVar("C", bound=type)


def strict(cls: C) -> C:
    """Make pydantic, which decodes at the doors, convert no value and refuse unknown fields."""
    cls.__pydantic_config__ = {"strict": True, "extra": "forbid", "allow_inf_nan": False}  # type: ignore[attr-defined]
    return cls


def type_of(data: Data) -> EventType:
    """Return the type that the class of the data is registered as."""
    return _BY_CLASS[type(data)]


def purpose_of(name: str) -> Purpose | None:
    """Return the purpose that events of a wire name need; None if they need none."""
    return TYPES[name].needs


def upgrade(data: Data) -> Data:
    """Return the data in the newest version of its type."""
    while upcast := type_of(data).upcast:
        data = upcast(data)
    return data


class Attributes(msgspec.Struct, frozen=True, gc=False):
    """The attributes of an event's envelope: those of CloudEvents 1.0 and our extensions.

    They are defined here alone: `Event`, what a door accepts, the stored envelope and docs/events
    follow. A further one needs a default, because the events that are stored lack it.
    """

    source: Annotated[Plain[Name], Field(description="who publishes, such as `/shop`")]
    subject: Annotated[
        Pseudonym[Name], Field(description="what it is about: `customer/<id>`, `order/<id>`")
    ]
    time: Annotated[
        Plain[Time], Field(description="when it happened, to the microsecond; stored in UTC")
    ]
    customerid: Annotated[
        Pseudonym[Name | None], Field(description="the customer; not needed for `customer/<id>`")
    ] = None
    actor: Annotated[Pseudonym[Name | None], Field(description="who acted")] = None
    onbehalfof: Annotated[Pseudonym[Name | None], Field(description="for whom they acted")] = None
    channel: Annotated[Plain[Name | None], Field(description="web, shop, phone or another")] = None
    correlationid: Annotated[
        Plain[Name | None], Field(description="an id that related events share")
    ] = None
    causationid: Annotated[
        Plain[Name | None],
        Field(description="the event that caused it: our id, or the publisher's own"),
    ] = None
    consentref: Annotated[Plain[Name | None], Field(description="the consent that it rests on")] = (
        None
    )


class Event(Attributes, Generic[D_co], frozen=True, kw_only=True, gc=False):
    """An event before it is stored: its envelope and its data.

    A Struct, because one is made for each event that passes, in a twelfth of a dataclass's time.
    """

    id: Plain[UUID]
    data: Plain[D_co]  # each field of the data has a privacy of its own
    reason: Annotated[
        Personal[Text | None], Field(description="why, in words; stored sealed, in base64")
    ] = None

    @property
    def type(self) -> str:
        return type_of(self.data).name

    @property
    def stream(self) -> str:
        """The event's stream: of a fact its own id, otherwise its subject."""
        return _text(self.id) if type_of(self.data).kind is Kind.FACT else self.subject


class Position(msgspec.Struct, frozen=True, order=True, gc=False):
    """A position in the log, written `incarnation.partition.number`; numbers have no gaps."""

    incarnation: Plain[int]
    partition: Plain[int]
    number: Plain[int]

    def __str__(self) -> str:
        return f"{self.incarnation}.{self.partition}.{self.number}"

    @classmethod
    def parse(cls, text: str) -> Position:
        incarnation, partition, number = map(int, text.split("."))
        return cls(incarnation, partition, number)


@dataclass(frozen=True, slots=True)
class Cursor:
    """How far a reader has read: the last number of every partition. Its text is opaque."""

    incarnation: Plain[int]
    numbers: Plain[tuple[int, ...]]

    def __str__(self) -> str:
        text = f"{self.incarnation}:{','.join(map(str, self.numbers))}"
        return urlsafe_b64encode(text.encode()).decode().rstrip("=")

    @classmethod
    def parse(cls, text: str) -> Cursor:
        """Return the cursor that is written so. Raises ValueError for any other text."""
        padded = text + "=" * (-len(text) % 4)
        incarnation, _, numbers = urlsafe_b64decode(padded).decode().partition(":")
        return cls(int(incarnation), tuple(map(int, numbers.split(","))))


class Recorded(msgspec.Struct, Generic[D_co], frozen=True, gc=False):
    """A stored event: with its position, its number in its stream, and when it was recorded."""

    event: Plain[Event[D_co]]
    position: Plain[Position]
    version: Plain[int]
    recorded: Plain[datetime]

    @property
    def data(self) -> D_co:
        return self.event.data

    @property
    def owner(self) -> str:
        """Whom the event belongs to: the customer, otherwise its stream."""
        return self.event.customerid or self.event.stream


def event_id(source: str, publisher_id: str) -> UUID:
    """Return our id of an event or command that its source calls `publisher_id`: uuid5 of both."""
    digest = bytearray(sha1(_namespace(source) + publisher_id.encode()).digest()[:16])  # noqa: S324
    digest[6] = digest[6] & 0x0F | 0x50
    digest[8] = digest[8] & 0x3F | 0x80
    return msgspec.convert(bytes(digest), UUID)  # less than half of the time of uuid.uuid5


def _text(id: UUID) -> str:
    text: str = msgspec.to_builtins(id)  # a quarter of the time of str()
    return text


def recorded_id(command: UUID, n: int) -> UUID:
    """Return the id of the n-th event, from 0, that a command of this `event_id` records."""
    return uuid5(command, str(n))


@functools.lru_cache(1_000)
def _namespace(source: str) -> bytes:
    return uuid5(NAMESPACE, source).bytes
