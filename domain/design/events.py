"""What is decided about a design. The wire names and fields below are the storage format."""

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
    """`book` names the catalogue that the options are from."""

    book: Plain[Name]
    lines: Plain[Annotated[tuple[OrderLine, ...], Field(min_length=1, max_length=1000)]]


@event("design.option-chosen.v1", Kind.DECISION, needs="fulfil")
@dataclass(frozen=True, slots=True, kw_only=True)
class OptionChosen(Choice):
    """As of an order: `text` is the customer's own, `measurements` are what it is made by."""

    line_id: Plain[Name]
    option: Plain[Name]
    value: Plain[Name]
    text: Personal[Text | None] = None
    measurements: Plain[Annotated[tuple[Name, ...], Field(max_length=100)]] = ()


@event("design.option-cleared.v1", Kind.DECISION, needs="fulfil")
@dataclass(frozen=True, slots=True, kw_only=True)
class OptionCleared(Choice):
    line_id: Plain[Name]
    option: Plain[Name]


@event("design.configuration-validated.v1", Kind.DECISION, needs="fulfil")
@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigurationValidated(Data):
    """Whether what is chosen can be made as it is, by version `rules_version` of the book.

    `broken` are rules that cannot be kept together with it.
    """

    rules_version: Plain[Quantity]
    valid: Plain[bool]
    broken: Plain[tuple[Name, ...]] = ()


DesignEvent = ConfigurationStarted | OptionChosen | OptionCleared | ConfigurationValidated
