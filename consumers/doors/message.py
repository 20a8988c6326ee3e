"""What a publisher sends, taken literally: a CloudEvent in structured JSON becomes an event."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter, ValidationError

import domain.customer.events
import domain.order.events  # noqa: F401
from domain.errors import Malformed
from domain.event import TYPES, Data, Event, Kind, event_id, strict
from domain.values import Name, Text, Time


@strict
@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """An event as it is published. `data` is decoded by its type."""

    specversion: str = "1.0"
    id: Name
    source: Name
    type: Name
    subject: Name
    time: Time
    data: dict[str, Any]
    datacontenttype: str | None = None
    dataschema: str | None = None
    customerid: Name | None = None
    actor: Name | None = None
    onbehalfof: Name | None = None
    channel: Name | None = None
    correlationid: Name | None = None
    causationid: Name | None = None
    consentref: Name | None = None
    reason: Text | None = None


_MESSAGE = TypeAdapter(Message)
# NaN and 1e999 stay what they are, so that the type's own rules refuse them: else they are null.
_JSON = TypeAdapter(dict[str, Any], config={"ser_json_inf_nan": "constants"})


@functools.cache
def _data(name: str) -> TypeAdapter[Data]:
    return TypeAdapter(TYPES[name].cls)


def parse(line: bytes) -> Event[Data]:
    """The event that a line of JSON says, its customer still by the publisher's name.

    Raises Malformed, with the field and the remedy, and without any value of the line.
    """
    try:
        message = _MESSAGE.validate_json(line)
    except ValidationError as error:
        raise _malformed(error, "") from None
    if message.specversion != "1.0":
        raise Malformed("specversion: only 1.0 is understood", "specversion")
    known = TYPES.get(message.type)
    if known is None:
        raise Malformed("type: no event has this type: see the event catalogue", "type")
    if known.kind is Kind.DECISION:
        raise Malformed("type: this is a decision, not an event to publish: send a command", "type")
    noun, _, name = message.subject.partition("/")
    if noun != message.type.partition(".")[0] or not name:
        wanted = message.type.partition(".")[0]
        raise Malformed(f"subject: an event of this type is about {wanted}/<id>", "subject")
    try:
        # Once more from JSON, so that both halves are taken by the same strict rules.
        data = _data(message.type).validate_json(_JSON.dump_json(message.data))
    except ValidationError as error:
        raise _malformed(error, "data.") from None
    customer = name if noun == "customer" else message.customerid
    if noun == "customer" and message.customerid not in (None, name):
        raise Malformed("customerid: it is not the customer of the subject", "customerid")
    return Event(
        id=event_id(message.source, message.id),
        source=message.source,
        subject=message.subject,
        time=message.time,
        data=data,
        customerid=customer,
        actor=message.actor,
        onbehalfof=message.onbehalfof,
        channel=message.channel,
        correlationid=message.correlationid,
        causationid=message.causationid,
        consentref=message.consentref,
        reason=message.reason,
    )


def _malformed(error: ValidationError, prefix: str) -> Malformed:
    first = error.errors(include_input=False, include_url=False, include_context=False)[0]
    if first["type"] == "json_invalid":
        return Malformed("the line is no JSON: send one whole CloudEvent a line, in UTF-8")
    field = prefix + ".".join(str(part) for part in first["loc"])
    words = {
        "missing": "is missing: add it",
        "unexpected_keyword_argument": "is not a field of this type: leave it out",
    }.get(first["type"], first["msg"].removeprefix("Value error, "))
    return Malformed(f"{field}: {words}", field)
