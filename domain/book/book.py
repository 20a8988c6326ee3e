"""A published version of a catalogue: what can be made, by which rules, and at what price."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field

from domain.event import strict
from domain.personal import Plain
from domain.values import (
    ChoiceSpace,
    Currency,
    Money,
    Name,
    Quantity,
    Share,
    Stage,
    Target,
    Text,
    Time,
)

PRODUCT = "product"
"""A rule speaks of the product of a line as of an option by this name."""

Part = Literal["products", "options", "inputs", "constraints", "prices", "phrases"]
Rounding = Literal["half_up", "half_even", "down", "up"]
PriceStep = Literal[
    "base", "option", "combination", "parametric", "volume", "time", "capacity", "discount", "tax"
]
"""In the order in which price rules apply (domain.md, Pricing)."""


@strict
@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """What a parametric option takes: numbers (mm, characters) from `minimum` to `maximum`."""

    minimum: Plain[Money]
    maximum: Plain[Money]
    unit: Plain[Name]


@strict
@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """A closed option takes one of `values`; a parametric one takes a number within `range`.

    With `text_limit`, the choice also carries the customer's own words, of at most so many
    characters. `products` are those that it is offered for; none named: all.
    """

    option: Plain[Name]
    label: Plain[Text]
    stage: Plain[Stage]
    target: Plain[Target] = "product"
    choice_space: Plain[ChoiceSpace] = "closed"
    values: Plain[tuple[Name, ...]] = ()
    range: Plain[Range | None] = None
    text_limit: Plain[Quantity | None] = None
    products: Plain[tuple[Name, ...]] = ()


@strict
@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """What must be known before a line with `option` can be made, and how it is obtained."""

    name: Plain[Name]
    option: Plain[Name]
    question: Plain[Text]
    obtained: Plain[Literal["asked", "measured", "observed", "bought"]]


@strict
@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """Holds where the option's value is among `values`; none named: where it is chosen at all."""

    option: Plain[Name]
    values: Plain[tuple[Name, ...]] = ()


@strict
@dataclass(frozen=True, slots=True, kw_only=True)
class Constraint:
    """Applies to a line where every term of `when` holds (none: always). Then, by its kind:

    requires: every term of `then` holds. excludes: none of them does. cardinality: at least
    `at_least` and at most `at_most` of them do. range: the number chosen for the one option of
    `then`, if it is chosen, is within `range`. default: where the one option of `then` is not
    chosen, it has the one value named there (never a conflict). stage: options of `then` can only
    be chosen at one of `stages`.

    `words` are the author's, and what a customer is told.
    """

    rule_id: Plain[Name]
    words: Plain[Text]
    kind: Plain[Literal["requires", "excludes", "cardinality", "range", "default", "stage"]]
    when: Plain[tuple[Term, ...]] = ()
    then: Plain[tuple[Term, ...]]
    at_least: Plain[Annotated[int, Field(ge=0, le=1000)]] = 0
    at_most: Plain[Annotated[int, Field(ge=0, le=1000)] | None] = None
    range: Plain[Range | None] = None
    stages: Plain[tuple[Stage, ...]] = ()


@strict
@dataclass(frozen=True, slots=True, kw_only=True)
class PriceRule:
    """Speaks of a line where every term of `when` holds and its bounds are met.

    It adds `amount` a piece, or `share` of what the line comes to before its step; a discount is a
    negative one. A parametric rule adds `amount` for each unit of `per` beyond `free`: of an
    option's number, or of the length of its text. The bounds: `from_quantity` (volume), `starts`
    and `ends` (time; the end is outside), `from_load` (capacity: the reading, 0 to 1 and over),
    `within_days` (a lead time shorter than this). Of volume and capacity rules that differ in
    nothing but how far their bound is, only the furthest that is reached speaks. `cost` is what a
    piece of it costs us, where that is known. `currency` is that of `amount` and `cost`, where it
    is not the book's: then the rate of exchange is an input of the quote.
    """

    rule_id: Plain[Name]
    words: Plain[Text]
    step: Plain[PriceStep]
    when: Plain[tuple[Term, ...]] = ()
    amount: Plain[Money | None] = None
    share: Plain[Money | None] = None
    per: Plain[Name | None] = None
    free: Plain[Money] = Decimal(0)
    from_quantity: Plain[Quantity | None] = None
    starts: Plain[Time | None] = None
    ends: Plain[Time | None] = None
    from_load: Plain[Money | None] = None
    within_days: Plain[Quantity | None] = None
    cost: Plain[Money | None] = None
    currency: Plain[Currency | None] = None


@strict
@dataclass(frozen=True, slots=True, kw_only=True)
class Phrase:
    """How the rule-based interpreter understands free text: each of `words` means `operations`.

    `words` are wordings of one wish: "no onions", "plain". `amount` is what the operations cost a
    piece; an operation without one is free.
    """

    words: Plain[Annotated[tuple[Name, ...], Field(min_length=1)]]
    operations: Plain[Annotated[tuple[Name, ...], Field(min_length=1)]]
    amount: Plain[Money] = Decimal(0)
    confidence: Plain[Share] = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class BookProblem:
    """What is wrong with a part of a book: `part` is its field there, `id` names it within."""

    part: Part
    id: str
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Book:
    """One version of one catalogue, whole. Once published it never changes.

    `withdrawn` is what can no longer be chosen, though what was chosen before is still made and
    priced. It is known only of the version that is current.
    """

    book: str
    version: int
    currency: Currency
    rounding: Rounding
    places: int
    """Decimals of a line's total."""
    products: tuple[str, ...]
    effective_from: datetime
    options: tuple[Option, ...] = ()
    inputs: tuple[Input, ...] = ()
    constraints: tuple[Constraint, ...] = ()
    prices: tuple[PriceRule, ...] = ()
    phrases: tuple[Phrase, ...] = ()
    withdrawn: tuple[Term, ...] = ()


@strict
@dataclass(frozen=True, slots=True, kw_only=True)
class OrderLine:
    """A product that is ordered, and how many pieces of it."""

    line_id: Plain[Name]
    product: Plain[Name]
    quantity: Plain[Quantity] = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """A line as constraints and prices see it. `lengths` are those of the texts, in characters;
    `stages` those at which options were chosen, where that is not the option's own.
    """

    line_id: str
    product: str
    quantity: int
    options: dict[str, str]
    lengths: dict[str, int] = field(default_factory=dict)
    stages: dict[str, Stage] = field(default_factory=dict)
