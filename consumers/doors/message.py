"""What a publisher sends, taken literally: a CloudEvent in structured JSON becomes an event."""

from __future__ import annotations

import functools
from dataclasses import dataclass, make_dataclass
from typing import Any, Literal
from uuid import UUID

import msgspec
from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

import domain.catalogue.events
import domain.customer.events
import domain.design.events
import domain.order.events
import domain.parked.events  # noqa: F401
from domain.errors import Malformed
from domain.event import TYPES, Data, Event, Kind, event_id, strict
from domain.subject import CUSTOMER, Subject
from domain.values import Name, Text, Time


@strict
@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """An event as it is published: valid in itself, its customer by the publisher's name.

    `partitionkey` is for the broker that it comes through, and is not stored.
    """

    specversion: Literal["1.0"] = "1.0"
    id: Name
    source: Name
    type: Name
    subject: Name
    time: Time
    data: Any
    datacontenttype: str | None = None
    dataschema: str | None = None
    customerid: Name | None = None
    actor: Name | None = None
    onbehalfof: Name | None = None
    channel: Name | None = None
    correlationid: Name | None = None
    causationid: Name | None = None
    consentref: Name | None = None
    partitionkey: str | None = None
    reason: Text | None = None

    @property
    def customer(self) -> str | None:
        """What the publisher calls the customer; None where nobody says whose this is."""
        subject = Subject.parse(self.subject)
        return subject.id if subject.is_customer else self.customerid

    @property
    def event_id(self) -> UUID:
        return event_id(self.source, self.id)

    def event(self, customer: str | None) -> Event[Data]:
        """The event, under our id of its customer."""
        subject = self.subject
        if customer and Subject.parse(subject).is_customer:
            subject = str(Subject(CUSTOMER, customer))
        return Event(
            id=self.event_id,
            source=self.source,
            subject=subject,
            time=self.time,
            data=self.data,
            customerid=customer,
            actor=self.actor,
            onbehalfof=self.onbehalfof,
            channel=self.channel,
            correlationid=self.correlationid,
            causationid=self.causationid,
            consentref=self.consentref,
            reason=self.reason,
        )


class _Peek(msgspec.Struct):
    type: str = ""


_NO_JSON = "this is no JSON: send one whole object, a line in a file, in UTF-8"
_decode_peek = msgspec.json.Decoder(_Peek).decode


@functools.cache
def _adapter(name: str) -> TypeAdapter[Message]:
    """Takes a whole message, its data by the rules of its type."""
    data: Any = TYPES[name].cls if name else dict[str, Any]
    cls = make_dataclass("Message", [("data", data)], bases=(Message,), frozen=True, kw_only=True)
    return TypeAdapter(strict(cls))


def peek(line: bytes) -> str:
    """The type that a line of JSON names; none where it is no JSON, NaN say."""
    try:
        return _decode_peek(line).type
    except (msgspec.MsgspecError, RecursionError):
        return ""


def parse(line: bytes) -> Message:
    """The message that a line of JSON holds.

    Raises Malformed, with the field and the remedy, and without any value of the line.
    """
    name = peek(line)  # if it has none, what comes next may know better what is wrong
    known = TYPES.get(name)
    published = known is not None and known.kind is not Kind.DECISION
    try:
        message = _adapter(name if published else "").validate_json(line)
    except ValidationError as error:
        raise malformed(error) from None
    if not published:
        raise _unpublished(message.type)
    subject, kind = Subject.parse(message.subject), message.type.partition(".")[0]
    if subject.kind != kind:
        raise Malformed(f"subject: an event of this type is about {kind}/<id>", "subject")
    if subject.is_customer and message.customerid not in (None, subject.id):
        raise Malformed("customerid: it is not the customer of the subject", "customerid")
    return message


def _unpublished(name: str) -> Malformed:
    known = TYPES.get(name)
    if known is None:
        return Malformed("type: no event has this type: see the event catalogue", "type")
    if known.kind is Kind.DECISION:
        return Malformed("type: this is a decision, no event to publish: send a command", "type")
    return Malformed(_NO_JSON)


def malformed(error: ValidationError) -> Malformed:
    """The first thing that is wrong, by its field and without its value."""
    first = error.errors(include_input=False, include_url=False, include_context=False)[0]
    if first["type"] == "json_invalid":
        return Malformed(_NO_JSON)
    field = ".".join(str(part) for part in first["loc"])
    words = wrong(first)
    return Malformed(f"{field}: {words}", field) if field else Malformed(words)


def wrong(error: ErrorDetails) -> str:
    """What is wrong with a field, and what would mend it."""
    return {
        "missing": "is missing: add it",
        "unexpected_keyword_argument": "is not a field of this type: leave it out",
    }.get(error["type"], error["msg"].removeprefix("Value error, "))
