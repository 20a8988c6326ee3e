"""The parts of a quote as events store them, and what a price engine computes of a quote."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import Field as DataclassField
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any, ClassVar, Protocol, TypedDict

from pydantic import Field

from domain.event import strict
from domain.personal import Plain
from domain.values import Currency, Money, Name


@strict
@dataclass(frozen=True, slots=True, kw_only=True)
class QuoteLine:
    """The price of an order line, all pieces of it together."""

    line_id: Plain[Name]
    amount: Plain[Money]


@strict
@dataclass(frozen=True, slots=True, kw_only=True)
class QuoteInput:
    """One value that the price was computed from.

    The names, which may repeat, and the form of the values are those of the price engine.
    """

    name: Plain[Name]
    value: Plain[Annotated[Name, Field(max_length=500_000)]]


@strict
@dataclass(frozen=True, slots=True, kw_only=True)
class TraceLine:
    """What one rule contributes to the price of a line; all lines of a trace sum to the total.

    `basis` is the unrounded calculation of the amount. `cost` is what the producer spends for it,
    where the book says so. A price that was given, not computed, has the id of its line in
    `basis`.
    """

    rule_id: Plain[Name]
    basis: Plain[Name]
    amount: Plain[Money]
    line_id: Plain[Name | None] = None
    step: Plain[Name | None] = None
    cost: Plain[Money | None] = None


@strict
@dataclass(frozen=True, slots=True, kw_only=True)
class Requote:
    """The price of a placed order with a change, by the book that the order was placed under.

    Like a quote, it can be computed again from its inputs; `before` is the price without the
    change.
    """

    lines: Plain[Annotated[tuple[QuoteLine, ...], Field(min_length=1, max_length=1000)]]
    before: Plain[Money]
    total: Plain[Money]
    currency: Plain[Currency]
    inputs: Plain[tuple[QuoteInput, ...]]
    inputs_hash: Plain[Name]
    engine_version: Plain[Name]
    trace: Plain[tuple[TraceLine, ...]]


class QuoteFields(TypedDict):
    """The fields of a quote or a requote that a price engine computes."""

    lines: tuple[QuoteLine, ...]
    total: Decimal
    currency: str
    inputs: tuple[QuoteInput, ...]
    inputs_hash: str
    engine_version: str
    trace: tuple[TraceLine, ...]


class Quotation(Protocol):
    """A quote or a requote: a dataclass with the fields of `QuoteFields`."""

    __dataclass_fields__: ClassVar[dict[str, DataclassField[Any]]]

    @property
    def lines(self) -> tuple[QuoteLine, ...]: ...
    @property
    def total(self) -> Decimal: ...
    @property
    def currency(self) -> str: ...
    @property
    def inputs(self) -> tuple[QuoteInput, ...]: ...
    @property
    def inputs_hash(self) -> str: ...
    @property
    def engine_version(self) -> str: ...
    @property
    def trace(self) -> tuple[TraceLine, ...]: ...


def book_version(inputs: Iterable[QuoteInput]) -> int | None:
    """The version of the book that priced a quote with these inputs; None: no book priced it."""
    return next((int(each.value) for each in inputs if each.name == "version"), None)
