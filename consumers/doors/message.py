"""Facts and reports as they are published: a CloudEvent in structured JSON becomes an event."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any
from uuid import UUID

import msgspec
from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

import domain.catalogue.events
import domain.customer.events
import domain.design.events
import domain.order.events
import domain.parked.events  # noqa: F401
from consumers.doors.envelope import ATTRIBUTES, message_type
from domain.errors import CustomerDiffers, Malformed
from domain.event import TYPES, Data, Event, Kind, event_id
from domain.subject import CUSTOMER, Subject


class EventTypeUnknown(Malformed):
    """No event has the type of the message."""

    code = "event-type-unknown"


class DecisionPublished(Malformed):
    """The type of the message is that of a decision, which only a command records."""

    code = "decision-published"
    has_remedy = True


class Message(msgspec.Struct, frozen=True, gc=False):
    """A fact or a report as it was published, valid in itself.

    `customer` is the customer under the publisher's name; None if the message names nobody.
    """

    type: str
    subject: str
    customer: str | None
    event_id: UUID
    attributes: Mapping[str, Any]
    """The data, and the attributes that the event has as they were sent."""

    def event(self, customer: str | None) -> Event[Data]:
        """Return the event, under our id of its customer."""
        subject = self.subject
        if customer and Subject.parse(subject).is_customer:
            subject = str(Subject(CUSTOMER, customer))
        return Event(id=self.event_id, subject=subject, customerid=customer, **self.attributes)


_CARRIED = (ATTRIBUTES | {"data"}) - {"subject", "customerid"}


class _Peek(msgspec.Struct):
    type: str = ""


_NO_JSON = "this is no JSON: send one whole object in UTF-8, on one line of a file"
_decode_peek = msgspec.json.Decoder(_Peek).decode


@functools.cache
def _adapter(name: str) -> TypeAdapter[dict[str, Any]]:
    """Return the decoder of a message, whose data follow the rules of its type."""
    return TypeAdapter(message_type("Message", TYPES[name].cls if name else dict[str, Any]))


def peek(line: bytes) -> str:
    """Return the type that a line of JSON names; an empty string if it is no JSON or names none."""
    try:
        return _decode_peek(line).type
    except (msgspec.MsgspecError, RecursionError):
        return ""


def parse(line: bytes) -> Message:
    """Return the message that a line of JSON holds.

    Raises Malformed with the field and the remedy, but without any value of the line.
    """
    name = peek(line)
    event_type = TYPES.get(name)
    published = event_type is not None and event_type.kind is not Kind.DECISION
    try:
        # Of an unknown type the envelope is validated all the same: its error may say more.
        values = _adapter(name if published else "").validate_json(line)
    except ValidationError as error:
        raise to_malformed(error) from None
    if not published:
        raise _unpublished(values["type"])
    customer = values.get("customerid")
    subject, kind = Subject.parse(values["subject"]), name.partition(".")[0]
    if subject.kind != kind:
        raise Malformed(f"subject: an event of this type is about {kind}/<id>", "subject")
    if subject.is_customer:
        if customer not in (None, subject.id):
            raise CustomerDiffers("customerid: it is not the customer of the subject", "customerid")
        customer = subject.id
    return Message(
        name,
        values["subject"],
        customer,
        event_id(values["source"], values["id"]),
        {name: value for name, value in values.items() if name in _CARRIED},
    )


def _unpublished(name: str) -> Malformed:
    event_type = TYPES.get(name)
    if event_type is None:
        return EventTypeUnknown("type: no event has this type: see the event catalogue", "type")
    if event_type.kind is Kind.DECISION:
        return DecisionPublished(
            "type: a decision is not published as an event: send the command that records it",
            "type",
        )
    return Malformed(_NO_JSON)


def to_malformed(error: ValidationError) -> Malformed:
    """Return the first error as a refusal that names the field, but not its value."""
    first = error.errors(include_input=False, include_url=False, include_context=False)[0]
    if first["type"] == "json_invalid":
        return Malformed(_NO_JSON)
    field = ".".join(str(part) for part in first["loc"])
    words = error_text(first)
    return Malformed(f"{field}: {words}", field) if field else Malformed(words)


def error_text(error: ErrorDetails) -> str:
    """Return what is wrong with a field, and how to correct it."""
    return {
        "missing": "is missing: add it",
        "extra_forbidden": "is not a field of this type: leave it out",
        "unexpected_keyword_argument": "is not a field of this type: leave it out",
    }.get(error["type"], error["msg"].removeprefix("Value error, "))
