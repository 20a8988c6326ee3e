"""The attributes that a door accepts around the data of a message, in structured JSON."""

from __future__ import annotations

import typing
from collections.abc import Collection
from typing import Annotated, Any, Literal, NotRequired

import msgspec
from pydantic import Field
from typing_extensions import TypedDict

from domain.event import Event, strict
from domain.values import Name


class CloudEvent(TypedDict):
    """The attributes of a message that its event has in another form, or does not have."""

    specversion: NotRequired[Annotated[Literal["1.0"], Field(description="`1.0`")]]
    id: Annotated[Name, Field(description="unique within `source`; stored as a UUID made of both")]
    type: Annotated[Name, Field(description="the wire name of its type")]
    datacontenttype: NotRequired[Annotated[str | None, Field(description="`application/json`")]]
    dataschema: NotRequired[
        Annotated[str | None, Field(description="`urn:ordermade:schema:<type>`")]
    ]
    partitionkey: NotRequired[
        Annotated[
            str | None,
            Field(description="for the Kafka that it comes through; not stored"),
        ]
    ]


ATTRIBUTES = frozenset(Event.__struct_fields__) - {"id", "data"}
"""The attributes that an event has as they are sent."""
_REQUIRED = {field.name for field in msgspec.structs.fields(Event) if field.required}
_typed_dict: Any = TypedDict  # a call that mypy cannot follow


def message_type(
    name: str, data: Any, attributes: Collection[str] = ATTRIBUTES, optional: Collection[str] = ()
) -> Any:
    """Return the type of a message, for pydantic: with this data, and these attributes of `Event`.

    pydantic makes a dict of the attributes that were sent. Those in `optional` may be left out,
    although an event needs them.
    """
    hints = typing.get_type_hints(Event, include_extras=True)
    fields = dict(typing.get_type_hints(CloudEvent, include_extras=True))
    for attribute in Event.__struct_fields__:
        hint = hints[attribute]
        if attribute in optional:
            fields[attribute] = NotRequired[hint | None]
        elif attribute in attributes:
            fields[attribute] = hint if attribute in _REQUIRED else NotRequired[hint]
    return strict(_typed_dict(name, {**fields, "data": data}))


EVENT_MESSAGE = message_type(
    "Event", Annotated[Any, Field(description="the event itself: the fields of its type")]
)
"""A fact or a report, with data of any type."""
