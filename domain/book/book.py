"""A book, one version of a catalogue: what can be made, by which rules, and at what price."""

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
"""The name by which rules mention the product of a line, as if it were an option."""

BookPart = Literal["products", "options", "inputs", "constraints", "prices", "phrases"]
Rounding = Literal["half_up", "half_even", "down", "up"]
PriceStep = Literal[
    "base", "option", "combination", "parametric", "volume", "time", "capacity", "discount", "tax"
]
"""The kinds of price rules, in the order in which they are applied."""


@strict
@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """The numbers that a parametric option can have, in `unit`: both ends are included."""

    # `Money` is also the type of amounts that are no money: exact decimals, written as strings.
    minimum: Plain[Money]
    maximum: Plain[Money]
    unit: Plain[Name]


@strict
@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """Something that a customer can choose: one of `values`, or a number within `range`.

    `values` are for the choice space `closed`, `range` for `parametric`; the book offers no other
    choice space. With `text_limit` the choice also has a text of at most so many characters.
    Without `products` the option is offered for all of them.
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
    """Something that must be known to make a line with `option`, and how it is obtained."""

    name: Plain[Name]
    option: Plain[Name]
    question: Plain[Text]
    obtained: Plain[Literal["asked", "measured", "observed", "bought"]]


@strict
@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """A condition: the option has one of `values`; without values, it has any."""

    option: Plain[Name]
    values: Plain[tuple[Name, ...]] = ()


@strict
@dataclass(frozen=True, slots=True, kw_only=True)
class Constraint:
    """A rule about the choices of a line; it applies where every term of `when` holds.

    By its kind it demands of the terms of `then`: requires: all hold. excludes: none holds.
    cardinality: at least `at_least` and at most `at_most` hold. range: the option of the one term,
    if chosen, is a number within `range`. stage: their options are chosen only at one of `stages`.
    A default demands nothing: if the option of its one term is not chosen, it gets the term's
    value, unless that contradicts other rules.

    `words` explain the rule to customers.
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
    """A rule that changes the price of a line where every term of `when` and its bounds hold.

    It adds `amount` for each piece, or `share` of the total of the steps before its own; discounts
    are negative. A parametric rule adds `amount` for each unit of the option `per` beyond `free`:
    of its number, or of the length of its text.

    The bounds: the quantity is at least `from_quantity`; the time is from `starts` until before
    `ends`; the load of the plant is at least `from_load` (0 idle, 1 full); the lead time is less
    than `within_days`. Volume and capacity rules that differ only in one bound are tiers: only the
    highest tier whose bound holds applies.

    `cost` is what the producer spends where `amount` is charged. `currency` is that of both;
    without it they are in the currency of the book.
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
    """Wordings that customers use, and the operations that all of them mean.

    `words` has the wordings, like "no onions" and "plain": what a customer may write, unlike the
    `words` of rules, which explain the rule. `amount` is charged for each piece.
    `confidence` is the probability that the operations are what the customer wants.
    """

    words: Plain[Annotated[tuple[Name, ...], Field(min_length=1)]]
    operations: Plain[Annotated[tuple[Name, ...], Field(min_length=1)]]
    amount: Plain[Money] = Decimal(0)
    confidence: Plain[Share] = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class BookProblem:
    """What is wrong with an item of a drafted book: its part, its id, and how to correct it."""

    part: BookPart
    id: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Book:
    """A version of a catalogue. Once published it never changes.

    `places` is the number of decimals that the total of a line is rounded to. `withdrawn` lists
    what can no longer be chosen. It is empty in the book that an order is bound to, so that placed
    lines are still priced; the catalogue's current book has it.
    """

    book: str
    version: int
    currency: Currency
    rounding: Rounding
    places: int
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
    """A line of an order: a product, and how many pieces of it."""

    line_id: Plain[Name]
    product: Plain[Name]
    quantity: Plain[Quantity] = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """A line with its choices, as constraints and prices need it.

    `lengths` are the numbers of characters of texts, by option; `stages` are the stages at which
    options were chosen, where those are not the options' own.
    """

    line_id: str
    product: str
    quantity: int
    options: dict[str, str]
    lengths: dict[str, int] = field(default_factory=dict)
    stages: dict[str, Stage] = field(default_factory=dict)
