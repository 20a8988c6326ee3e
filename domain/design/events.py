"""The events of designs. Their wire names and fields are the storage format: never rename one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from domain.book.book import OrderLine
from domain.event import Choice, Data, Kind, event
from domain.personal import Personal, Plain
from domain.values import Name, Quantity, Text


@event("design.configuration-started.v1", Kind.DECISION, needs="fulfil")
@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigurationStarted(Data):
    """A design was started: lines whose options are chosen from the catalogue `book`."""

    book: Plain[Name]
    lines: Plain[Annotated[tuple[OrderLine, ...], Field(min_length=1, max_length=1000)]]


@event("design.option-chosen.v1", Kind.DECISION, needs="fulfil")
@dataclass(frozen=True, slots=True, kw_only=True)
class DesignOptionChosen(Choice):
    """A value was chosen for an option of a line of the design; it replaces the value chosen
    before.

    `text` is what the customer wrote for the option, such as a monogram. `measurements` are the ids
    of the measurements that it is made by.
    """

    line_id: Plain[Name]
    option: Plain[Name]
    value: Plain[Name]
    text: Personal[Text | None] = None
    measurements: Plain[Annotated[tuple[Name, ...], Field(max_length=100)]] = ()


@event("design.option-cleared.v1", Kind.DECISION, needs="fulfil")
@dataclass(frozen=True, slots=True, kw_only=True)
class DesignOptionCleared(Choice):
    """The choice for an option of a line was taken back."""

    line_id: Plain[Name]
    option: Plain[Name]


@event("design.configuration-validated.v1", Kind.DECISION, needs="fulfil")
@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigurationValidated(Data):
    """The design was checked by version `rules_version` of its book: whether it can be made as it
    is.

    `broken` are the ids of rules that cannot be kept together with the choices.
    """

    rules_version: Plain[Quantity]
    valid: Plain[bool]
    broken: Plain[tuple[Name, ...]] = ()


DesignEvent = (
    ConfigurationStarted | DesignOptionChosen | DesignOptionCleared | ConfigurationValidated
)
