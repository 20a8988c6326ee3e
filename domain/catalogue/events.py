"""What is decided about a catalogue. The wire names and fields below are the storage format.

A version is drafted whole by one command: its beginning, then its parts, many in an event (a car
has thousands), each event small enough for any log.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from domain.book.book import Constraint, Input, Option, Phrase, PriceRule, Rounding
from domain.event import Data, Kind, event
from domain.personal import Plain, Pseudonym
from domain.values import Currency, Name, Quantity, Time

Places = Annotated[int, Field(ge=0, le=6)]
Products = Annotated[tuple[Name, ...], Field(min_length=1, max_length=1000)]


@event("catalogue.book-drafted.v1", Kind.DECISION, needs=None)
@dataclass(frozen=True, slots=True, kw_only=True)
class BookDrafted(Data):
    """A version begins; what follows belongs to it until the next one begins."""

    book: Plain[Name]
    version: Plain[Quantity]
    currency: Plain[Currency]
    rounding: Plain[Rounding]
    places: Plain[Places]
    products: Plain[Products]
    author: Pseudonym[Name]


@event("catalogue.options-drafted.v1", Kind.DECISION, needs=None)
@dataclass(frozen=True, slots=True, kw_only=True)
class OptionsDrafted(Data):
    options: Plain[tuple[Option, ...]]


@event("catalogue.inputs-drafted.v1", Kind.DECISION, needs=None)
@dataclass(frozen=True, slots=True, kw_only=True)
class InputsDrafted(Data):
    inputs: Plain[tuple[Input, ...]]


@event("catalogue.constraints-drafted.v1", Kind.DECISION, needs=None)
@dataclass(frozen=True, slots=True, kw_only=True)
class ConstraintsDrafted(Data):
    constraints: Plain[tuple[Constraint, ...]]


@event("catalogue.prices-drafted.v1", Kind.DECISION, needs=None)
@dataclass(frozen=True, slots=True, kw_only=True)
class PricesDrafted(Data):
    prices: Plain[tuple[PriceRule, ...]]


@event("catalogue.phrases-drafted.v1", Kind.DECISION, needs=None)
@dataclass(frozen=True, slots=True, kw_only=True)
class PhrasesDrafted(Data):
    phrases: Plain[tuple[Phrase, ...]]


@event("catalogue.book-approved.v1", Kind.DECISION, needs=None)
@dataclass(frozen=True, slots=True, kw_only=True)
class BookApproved(Data):
    """By somebody else than its author."""

    version: Plain[Quantity]
    approver: Pseudonym[Name]


@event("catalogue.book-published.v1", Kind.DECISION, needs=None)
@dataclass(frozen=True, slots=True, kw_only=True)
class BookPublished(Data):
    """From `effective_from` on it supersedes every version before. `rules_hash`: see `book.py`."""

    version: Plain[Quantity]
    effective_from: Plain[Time]
    rules_hash: Plain[Name]
    approver: Pseudonym[Name]


@event("catalogue.option-withdrawn.v1", Kind.DECISION, needs=None)
@dataclass(frozen=True, slots=True, kw_only=True)
class OptionWithdrawn(Data):
    """Nobody can choose it (or those `values` of it) any more, until a later draft has it again."""

    option: Plain[Name]
    values: Plain[tuple[Name, ...]] = ()


Parts = OptionsDrafted | InputsDrafted | ConstraintsDrafted | PricesDrafted | PhrasesDrafted
CatalogueEvent = BookDrafted | Parts | BookApproved | BookPublished | OptionWithdrawn
