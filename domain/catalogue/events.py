"""The events of catalogues. Their wire names and fields are the storage format: never rename one.

One command drafts a whole version: `BookDrafted`, then its parts, as many in an event as a message
of the log may hold. A car has thousands of parts.
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
    """The draft of a version of a catalogue began; the parts that follow belong to it.

    `rounding` and `places` say how its prices are rounded: the mode, and how many decimals are
    kept.
    """

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
    """The options of a drafted version: what can be chosen, of which products, at which stage."""

    options: Plain[tuple[Option, ...]]


@event("catalogue.inputs-drafted.v1", Kind.DECISION, needs=None)
@dataclass(frozen=True, slots=True, kw_only=True)
class InputsDrafted(Data):
    """The inputs of a drafted version: what must be known to make a product, and from where."""

    inputs: Plain[tuple[Input, ...]]


@event("catalogue.constraints-drafted.v1", Kind.DECISION, needs=None)
@dataclass(frozen=True, slots=True, kw_only=True)
class ConstraintsDrafted(Data):
    """The constraints of a drafted version: which choices go together."""

    constraints: Plain[tuple[Constraint, ...]]


@event("catalogue.prices-drafted.v1", Kind.DECISION, needs=None)
@dataclass(frozen=True, slots=True, kw_only=True)
class PricesDrafted(Data):
    """The price rules of a drafted version."""

    prices: Plain[tuple[PriceRule, ...]]


@event("catalogue.phrases-drafted.v1", Kind.DECISION, needs=None)
@dataclass(frozen=True, slots=True, kw_only=True)
class PhrasesDrafted(Data):
    """The phrases of a drafted version, by which special instructions are interpreted."""

    phrases: Plain[tuple[Phrase, ...]]


@event("catalogue.book-approved.v1", Kind.DECISION, needs=None)
@dataclass(frozen=True, slots=True, kw_only=True)
class BookApproved(Data):
    """A drafted version was approved, by somebody other than its author."""

    version: Plain[Quantity]
    approver: Pseudonym[Name]


@event("catalogue.book-published.v1", Kind.DECISION, needs=None)
@dataclass(frozen=True, slots=True, kw_only=True)
class BookPublished(Data):
    """An approved version takes effect at `effective_from`, and from then on replaces the one
    before.

    `rules_hash` is the SHA-256 of its contents in hexadecimal: see `domain/book/contents.py`.
    """

    version: Plain[Quantity]
    effective_from: Plain[Time]
    rules_hash: Plain[Name]
    approver: Pseudonym[Name]


@event("catalogue.option-withdrawn.v1", Kind.DECISION, needs=None)
@dataclass(frozen=True, slots=True, kw_only=True)
class OptionWithdrawn(Data):
    """An option, or only these `values` of it, can no longer be chosen, until a later version
    offers it.
    """

    option: Plain[Name]
    values: Plain[tuple[Name, ...]] = ()


Parts = OptionsDrafted | InputsDrafted | ConstraintsDrafted | PricesDrafted | PhrasesDrafted
CatalogueEvent = BookDrafted | Parts | BookApproved | BookPublished | OptionWithdrawn
