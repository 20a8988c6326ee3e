"""What a price is asked for: the lines, the book, and the conditions of the moment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from domain.book.book import Selection


@dataclass(frozen=True, slots=True, kw_only=True)
class Conditions:
    """What a price depends on besides the lines and the book.

    `clock` is the time of the request; `load` is how busy the plant is (0 idle, 1 full, more if
    overbooked); `lead_days` are the days until delivery; `rates` are the value of one unit of each
    foreign currency in the currency of the book. None: not known.
    """

    clock: datetime
    load: Decimal | None = None
    lead_days: int | None = None
    rates: Mapping[str, Decimal] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class PricedInstruction:
    """An accepted special instruction; `amount` is charged for each piece of its line.

    An instruction without a line is charged for each piece of every line.
    """

    instruction_id: str
    line_id: str | None
    operations: tuple[str, ...]
    amount: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceRequest:
    """Everything that a price is computed from, with the book named by its version."""

    book: str
    version: int
    conditions: Conditions
    selections: tuple[Selection, ...]
    instructions: tuple[PricedInstruction, ...] = ()
