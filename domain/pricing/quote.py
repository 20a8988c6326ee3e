"""The parts of a quote, as events store them: its inputs, its lines, and its trace."""

from __future__ import annotations

from dataclasses import Field as DataclassField
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any, ClassVar, Protocol

from pydantic import Field

from domain.event import strict
from domain.personal import Plain
from domain.values import Currency, Money, Name


@strict
@dataclass(frozen=True, slots=True, kw_only=True)
class QuoteLine:
    line_id: Plain[Name]
    amount: Plain[Money]


@strict
@dataclass(frozen=True, slots=True, kw_only=True)
class QuoteInput:
    """Something that the price depended on, as it was then: `domain.pricing.inputs` says what."""

    name: Plain[Name]
    value: Plain[Annotated[Name, Field(max_length=500_000)]]


@strict
@dataclass(frozen=True, slots=True, kw_only=True)
class TraceLine:
    """What one rule added to the price; the trace sums to the total.

    `basis` is what the amount was computed from, before it was rounded. `cost` is what it costs
    us, where the book knows that. A price that was given names its line in `basis`.
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
    """What the order would cost with a change, by the book that it was placed under.

    Like a quote, it can be proved from its inputs; `before` is the price without the change.
    """

    lines: Plain[Annotated[tuple[QuoteLine, ...], Field(min_length=1, max_length=1000)]]
    before: Plain[Money]
    total: Plain[Money]
    currency: Plain[Currency]
    inputs: Plain[tuple[QuoteInput, ...]]
    inputs_hash: Plain[Name]
    engine_version: Plain[Name]
    trace: Plain[tuple[TraceLine, ...]]


class Quotation(Protocol):
    """What a price engine makes: the common part of a quote and of a requote, both dataclasses."""

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
