"""What lines cost under a published book: exact sums, and what each rule added, as a trace.

The rules apply step by step (domain.md, Pricing), to each line for itself. Every sum is exact; then
a line's total is rounded as its book says, and the rule amounts of its trace with it, so that they
sum to it: each is rounded down, and the units that are missing go to those that lost most (largest
remainder), the earlier rule first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import (
    ROUND_DOWN,
    ROUND_FLOOR,
    ROUND_HALF_EVEN,
    ROUND_HALF_UP,
    ROUND_UP,
    Context,
    Decimal,
    Inexact,
    InvalidOperation,
    localcontext,
)
from typing import TypedDict

import msgspec

from domain.book.book import Book, Selection
from domain.errors import NotAllowed
from domain.pricing.price_index import (
    BASE,
    OPTION,
    STEPS,
    Conditions,
    Indexed,
    PriceIndex,
    price_index,
)
from domain.pricing.quote import QuoteLine, TraceLine
from domain.values import number

INSTRUCTION = "instruction"
"""The rule of the trace under which an accepted instruction is charged."""

EXACT = Context(prec=300, traps=[Inexact, InvalidOperation])
"""Money has 21 digits, and nine steps of a book cannot make 300 of them: nothing is cut off."""
_ROUNDING = Context(prec=300)
_MODES = {
    "half_up": ROUND_HALF_UP,
    "half_even": ROUND_HALF_EVEN,
    "down": ROUND_DOWN,
    "up": ROUND_UP,
}
_ZERO = Decimal(0)
_TOO_MUCH = Decimal(10) ** 15


@dataclass(frozen=True, slots=True, kw_only=True)
class PricedInstruction:
    """An accepted instruction; `amount` a piece of its line, without one of every line."""

    instruction_id: str
    line_id: str | None
    operations: tuple[str, ...]
    amount: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Priced:
    """Lines in the order of their ids; the trace line by line, in the order of the rules."""

    lines: tuple[QuoteLine, ...]
    total: Decimal
    trace: tuple[TraceLine, ...]


def price(
    book: Book,
    selections: Sequence[Selection],
    conditions: Conditions,
    instructions: Sequence[PricedInstruction] = (),
) -> Priced:
    """Raises NotAllowed where the book has no price, or a condition is not known that it needs."""
    index = price_index(book)
    mode, unit = _MODES[book.rounding], Decimal(1).scaleb(-book.places)
    lines: list[QuoteLine] = []
    trace: list[_Part] = []
    with localcontext(EXACT):
        for selection in sorted(selections, key=lambda s: s.line_id):
            parts = _parts(index, selection, conditions, instructions)
            exact = [part["amount"] for part in parts]
            rounded = sum(exact, _ZERO).quantize(unit, mode, _ROUNDING)
            if not 0 <= rounded < _TOO_MUCH:
                raise NotAllowed(
                    f"line {selection.line_id} would cost {rounded}: less than nothing, or more "
                    "than 15 digits; mend the rules in the book's next version",
                    "book",
                )
            lines.append(QuoteLine(line_id=selection.line_id, amount=rounded))
            for part, amount in zip(parts, spread(exact, rounded, unit), strict=True):
                part["amount"] = amount
                if (cost := part["cost"]) is not None:
                    part["cost"] = cost.quantize(unit, mode, _ROUNDING)
            trace += parts
        total = sum([line.amount for line in lines], _ZERO)
    return Priced(lines=tuple(lines), total=total, trace=_trace(trace))


def _trace(parts: list[_Part]) -> tuple[TraceLine, ...]:
    return msgspec.convert(parts, tuple[TraceLine, ...])  # made one by one they take four times it


def spread(exact: Sequence[Decimal], total: Decimal, unit: Decimal) -> list[Decimal]:
    """The amounts in whole units, which sum to `total`: their exact sum, rounded to units."""
    floors = [amount.quantize(unit, ROUND_FLOOR, _ROUNDING) for amount in exact]
    missing = total - sum(floors, _ZERO)
    if missing:
        lost = [floor - amount for floor, amount in zip(floors, exact, strict=True)]
        for place in sorted(range(len(exact)), key=lost.__getitem__):
            floors[place] += unit
            missing -= unit
            if not missing:
                break
    return [amount or abs(amount) for amount in floors]  # no -0.00


class _Part(TypedDict):
    """A line of the trace as it becomes: the amount and the cost are exact at first."""

    rule_id: str
    basis: str
    amount: Decimal
    line_id: str
    step: str
    cost: Decimal | None


def _parts(
    index: PriceIndex,
    selection: Selection,
    conditions: Conditions,
    instructions: Sequence[PricedInstruction],
) -> list[_Part]:
    rules = index.speaking(selection, conditions)
    if not rules or rules[0].step != BASE:
        raise NotAllowed(
            f"the book {index.name} has no base price for line {selection.line_id}, a "
            f"{selection.product}: choose what it prices, or add a base rule to its next version",
            "lines",
        )
    early = [rule for rule in rules if rule.step <= OPTION]
    parts = _applied(index, early, selection, conditions, _ZERO)
    if instructions:
        parts += _wished(instructions, selection)
    before = sum([part["amount"] for part in parts], _ZERO)
    return parts + _applied(index, rules[len(early) :], selection, conditions, before)


def _applied(
    index: PriceIndex, rules: Sequence[Indexed], selection: Selection, conditions: Conditions,
    total: Decimal,
) -> list[_Part]:  # fmt: skip
    """What rules add, each step to what the line comes to before it."""
    parts: list[_Part] = []
    step, before = BASE, total
    pieces = Decimal(selection.quantity)
    for rule in rules:
        if rule.step != step:
            step, before = rule.step, total
        part = _part(index, rule, selection, conditions, pieces, before)
        total += part["amount"]
        parts.append(part)
    return parts


def _part(
    index: PriceIndex, indexed: Indexed, selection: Selection, conditions: Conditions,
    pieces: Decimal, before: Decimal,
) -> _Part:  # fmt: skip
    """Raises NotAllowed where a rate or a number is missing."""
    rule, cost = indexed.rule, None
    if rule.share is not None:
        amount, basis = before * rule.share, f"{rule.share!s} of {before!s}"
    else:
        basis = str(pieces)
        if rule.per is not None:
            units = max(_ZERO, _units(index, rule.per, selection) - rule.free)
            pieces, basis = pieces * units, f"{basis} × {units!s}"
        each = rule.amount or _ZERO
        basis = f"{basis} × {each!s}"
        if rule.currency is not None:
            rate = conditions.rates.get(rule.currency)
            if rate is None:
                raise NotAllowed(
                    f"rule {rule.rule_id} is in {rule.currency}: name the rate of exchange",
                    "rates",
                )
            pieces, basis = pieces * rate, f"{basis} {rule.currency} × {rate!s}"
        amount = pieces * each
        if rule.cost is not None:
            cost = pieces * rule.cost
    return {
        "rule_id": rule.rule_id, "basis": basis, "amount": amount,
        "line_id": selection.line_id, "step": rule.step, "cost": cost,
    }  # fmt: skip


def _units(index: PriceIndex, option: str, selection: Selection) -> Decimal:
    if option not in index.numbers:
        return Decimal(selection.lengths.get(option, 0))
    chosen = number(selection.options[option])
    if chosen is None:
        raise NotAllowed(
            f"{option} of line {selection.line_id} is no number: choose one like 450 or 12.5",
            "value",
        )
    return chosen


def _wished(instructions: Sequence[PricedInstruction], selection: Selection) -> list[_Part]:
    return [
        {
            "rule_id": INSTRUCTION,
            "basis": f"{selection.quantity} × {each.amount} for {each.instruction_id}"[:200],
            "amount": selection.quantity * each.amount,
            "line_id": selection.line_id, "step": STEPS[OPTION], "cost": None,
        }
        for each in sorted(instructions, key=lambda i: i.instruction_id)
        if each.line_id in (None, selection.line_id)
    ]  # fmt: skip
