"""The price of lines under a book: exact sums, rounded once, with what each rule contributes.

The rules are applied step by step in the order of `STEPS`, to each line for itself. Sums are exact.
Then the total of a line is rounded as its book says, and the amounts of its trace are rounded with
it by the largest remainder method, so that they sum to it.
"""

from __future__ import annotations

import re
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
from domain.pricing import refusals
from domain.pricing.engines.book_v1.index import (
    BASE,
    OPTION,
    STEPS,
    IndexedRule,
    PriceIndex,
    price_index,
)
from domain.pricing.quote import QuoteLine, TraceLine
from domain.pricing.request import Conditions, PricedInstruction, PriceRequest

INSTRUCTION = "instruction"
"""The rule id under which the trace shows accepted instructions."""

_EXACT = Context(prec=300, traps=[Inexact, InvalidOperation])
"""Amounts have 21 digits, and nine steps cannot make 300 of them: no digit is ever lost."""
_ROUNDING = Context(prec=300)
_MODES = {
    "half_up": ROUND_HALF_UP,
    "half_even": ROUND_HALF_EVEN,
    "down": ROUND_DOWN,
    "up": ROUND_UP,
}
_ZERO = Decimal(0)
_LIMIT = Decimal(10) ** 15
_NUMBER = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,6})?")  # as amounts are written


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceResult:
    """Lines in the order of their ids, and their trace in the same order."""

    lines: tuple[QuoteLine, ...]
    total: Decimal
    trace: tuple[TraceLine, ...]


class TraceEntry(TypedDict):
    """A line of the trace while it is computed; amount and cost are exact at first."""

    rule_id: str
    basis: str
    amount: Decimal
    line_id: str
    step: str
    cost: Decimal | None


def price(request: PriceRequest, book: Book) -> PriceResult:
    """The prices of the lines of a request.

    Raise NotAllowed where the book has no price, or needs a condition that is not known.
    """
    index = price_index(book)
    mode, unit = _MODES[book.rounding], Decimal(1).scaleb(-book.places)
    lines: list[QuoteLine] = []
    trace: list[TraceEntry] = []
    with localcontext(_EXACT):
        for line in sorted(request.selections, key=lambda s: s.line_id):
            entries = _entries(index, line, request.conditions, request.instructions)
            exact = [entry["amount"] for entry in entries]
            rounded = sum(exact, _ZERO).quantize(unit, mode, _ROUNDING)
            if not 0 <= rounded < _LIMIT:
                raise refusals.out_of_bounds(line.line_id, rounded)
            lines.append(QuoteLine(line_id=line.line_id, amount=rounded))
            for entry, amount in zip(entries, apportion(exact, rounded, unit), strict=True):
                entry["amount"] = amount
                if (cost := entry["cost"]) is not None:
                    entry["cost"] = cost.quantize(unit, mode, _ROUNDING)
            trace += entries
        total = sum([line.amount for line in lines], _ZERO)
    # Constructing the trace lines one by one takes four times as long.
    return PriceResult(
        lines=tuple(lines), total=total, trace=msgspec.convert(trace, tuple[TraceLine, ...])
    )


def apportion(exact: Sequence[Decimal], total: Decimal, unit: Decimal) -> list[Decimal]:
    """The amounts in multiples of `unit` that sum to `total`, by the largest remainder method.

    Each amount is rounded down; the missing units go to the amounts that lost most, of equal ones
    to the earlier. `total` must be the sum of the exact amounts, rounded to a multiple of `unit`.
    """
    amounts = [amount.quantize(unit, ROUND_FLOOR, _ROUNDING) for amount in exact]
    missing = total - sum(amounts, _ZERO)
    if missing:
        remainders = [before - after for before, after in zip(exact, amounts, strict=True)]
        for position in sorted(range(len(exact)), key=remainders.__getitem__, reverse=True):
            amounts[position] += unit
            missing -= unit
            if not missing:
                break
    return [amount or abs(amount) for amount in amounts]  # without -0.00


def _entries(
    index: PriceIndex, line: Selection, conditions: Conditions,
    instructions: Sequence[PricedInstruction],
) -> list[TraceEntry]:  # fmt: skip
    """The trace of a line, not rounded yet; instructions are charged after the option rules."""
    rules = index.applicable(line, conditions)
    if not rules or rules[0].step != BASE:
        raise refusals.no_base_price(index.book, line.line_id, line.product)
    early = [rule for rule in rules if rule.step <= OPTION]
    entries = _apply(index, early, line, conditions, _ZERO)
    if instructions:
        entries += _charge(instructions, line)
    before = sum([entry["amount"] for entry in entries], _ZERO)
    return entries + _apply(index, rules[len(early) :], line, conditions, before)


def _apply(
    index: PriceIndex, rules: Sequence[IndexedRule], line: Selection, conditions: Conditions,
    total: Decimal,
) -> list[TraceEntry]:  # fmt: skip
    """The trace of rules that start from `total`; a share is of the total before its step."""
    entries: list[TraceEntry] = []
    step, before = BASE, total
    pieces = Decimal(line.quantity)
    for rule in rules:
        if rule.step != step:
            step, before = rule.step, total
        entry = _entry(index, rule, line, conditions, pieces, before)
        total += entry["amount"]
        entries.append(entry)
    return entries


def _entry(
    index: PriceIndex, indexed: IndexedRule, line: Selection, conditions: Conditions,
    pieces: Decimal, before: Decimal,
) -> TraceEntry:  # fmt: skip
    rule, cost = indexed.rule, None
    if rule.share is not None:
        amount, basis = before * rule.share, f"{rule.share!s} of {before!s}"
    else:
        factor, basis = pieces, str(pieces)
        if rule.per is not None:
            units = max(_ZERO, _units(index, rule.per, line) - rule.free)
            factor, basis = factor * units, f"{basis} × {units!s}"
        unit_amount = rule.amount or _ZERO
        basis = f"{basis} × {unit_amount!s}"
        if rule.currency is not None:
            rate = conditions.rates.get(rule.currency)
            if rate is None:
                raise refusals.no_rate(rule.rule_id, rule.currency)
            factor, basis = factor * rate, f"{basis} {rule.currency} × {rate!s}"
        amount = factor * unit_amount
        if rule.cost is not None:
            cost = factor * rule.cost
    return {
        "rule_id": rule.rule_id, "basis": basis, "amount": amount,
        "line_id": line.line_id, "step": rule.step, "cost": cost,
    }  # fmt: skip


def _units(index: PriceIndex, option: str, line: Selection) -> Decimal:
    """The number chosen for the option, or the length of its text."""
    if option not in index.numeric_options:
        return Decimal(line.lengths.get(option, 0))
    value = line.options[option]
    if not _NUMBER.fullmatch(value):
        raise refusals.no_number(option, line.line_id)
    return Decimal(value)


def _charge(instructions: Sequence[PricedInstruction], line: Selection) -> list[TraceEntry]:
    return [
        {
            "rule_id": INSTRUCTION,
            "basis": f"{line.quantity} × {each.amount} for {each.instruction_id}"[:200],
            "amount": line.quantity * each.amount,
            "line_id": line.line_id, "step": STEPS[OPTION], "cost": None,
        }
        for each in sorted(instructions, key=lambda i: i.instruction_id)
        if each.line_id in (None, line.line_id)
    ]  # fmt: skip
