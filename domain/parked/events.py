"""Decisions about parked events. The wire name and fields are the storage format."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from domain.event import Data, Kind, event
from domain.personal import Plain, Pseudonym
from domain.values import Name, Text

Number = Annotated[int, Field(ge=1)]
"""The number of an event in its partition."""


@event("view.event-dropped.v1", Kind.DECISION, needs=None)
@dataclass(frozen=True, slots=True, kw_only=True)
class EventDropped(Data):
    """An operator decided that a view goes on without an event that it could not fold.

    The event is the one of this `number` in the partition of this event. `key` is the key of the
    row that it is dropped for; None for all keys of its owner. `error` is why the event was parked.
    """

    view: Plain[Name]
    key: Pseudonym[Text | None]
    number: Plain[Number]
    error: Plain[Text]
