"""What is decided about events that wait. The wire name and fields are the storage format."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from domain.event import Data, Kind, event
from domain.personal import Plain, Pseudonym
from domain.values import Name, Text

Number = Annotated[int, Field(ge=1)]
"""A place in a partition."""


@event("view.event-dropped.v1", Kind.DECISION, needs=None)
@dataclass(frozen=True, slots=True, kw_only=True)
class EventDropped(Data):
    """A view goes on without the event of this number, in this event's own partition.

    A key of None means all keys of its owner. `error` is why the event waited.
    """

    view: Plain[Name]
    key: Pseudonym[Text | None]
    number: Plain[Number]
    error: Plain[Text]
