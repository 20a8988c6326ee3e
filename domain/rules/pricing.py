"""What lines cost under a published book: exact sums, and what each rule added, as a trace.

The rules apply step by step (domain.md, Pricing), to each line for itself. Every sum is exact; then
a line's total is rounded as its book says, and the rule amounts of its trace with it, so that they
sum to it: each is rounded down, and the units that are missing go to those that lost most (largest
remainder), the earlier rule first.
"""

from __future__ import annotations

from collections import defaultdict
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
from typing import NamedTuple

from domain.catalogue.book import Book, Selection
from domain.errors import NotAllowed
from domain.order.events import QuoteLine, TraceLine
from domain.rules.price_index import (
    BASE,
    OPTION,
    STEPS,
    Conditions,
    Indexed,
    PriceIndex,
    price_index,
)
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
class Wish:
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
    wishes: Sequence[Wish] = (),
) -> Priced:
    """Raises NotAllowed where the book has no price, or a condition is not known that it needs."""
    index = price_index(book)
    mode, unit = _MODES[book.rounding], Decimal(1).scaleb(-book.places)
    lines: list[QuoteLine] = []
    trace: list[TraceLine] = []
    with localcontext(EXACT):
        for selection in sorted(selections, key=lambda s: s.line_id):
            asked = [w for w in wishes if w.line_id in (None, selection.line_id)]
            parts = _parts(index, selection, conditions, asked)
            exact = sum([part.amount for part in parts], _ZERO)
            rounded = exact.quantize(unit, mode, _ROUNDING)
            if not 0 <= rounded < _TOO_MUCH:
                raise NotAllowed(
                    f"line {selection.line_id} would cost {rounded}: less than nothing, or more "
                    "than 15 digits; mend the rules in the book's next version",
                    "book",
                )
            lines.append(QuoteLine(line_id=selection.line_id, amount=rounded))
            for part, amount in zip(
                parts, spread([part.amount for part in parts], rounded, unit), strict=True
            ):
                cost = part.cost and part.cost.quantize(unit, mode, _ROUNDING)
                trace.append(
                    TraceLine(
                        rule_id=part.rule_id,
                        basis=part.basis,
                        amount=amount,
                        line_id=selection.line_id,
                        step=STEPS[part.step],
                        cost=cost,
                    )
                )
        total = sum([line.amount for line in lines], _ZERO)
    return Priced(lines=tuple(lines), total=total, trace=tuple(trace))


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


class _Part(NamedTuple):
    """What a rule adds to a line, exactly."""

    step: int
    rule_id: str
    basis: str
    amount: Decimal
    cost: Decimal | None = None


def _parts(
    index: PriceIndex, selection: Selection, conditions: Conditions, wishes: Sequence[Wish]
) -> list[_Part]:
    rules = index.speaking(selection, conditions)
    if not rules or rules[0].step != BASE:
        raise NotAllowed(
            f"the book {index.name} has no base price for line {selection.line_id}, a "
            f"{selection.product}: choose what it prices, or add a base rule to its next version",
            "lines",
        )
    by_step: defaultdict[int, list[Indexed]] = defaultdict(list)
    for rule in rules:
        by_step[rule.step].append(rule)
    parts: list[_Part] = []
    total = _ZERO
    for step in range(len(STEPS)):
        added = [_part(index, rule, selection, conditions, total) for rule in by_step[step]]
        if step == OPTION:
            added += _wished(wishes, selection.quantity)
        for part in added:
            total += part.amount
        parts += added
    return parts


def _part(
    index: PriceIndex, indexed: Indexed, selection: Selection, conditions: Conditions,
    before: Decimal,
) -> _Part:  # fmt: skip
    """Raises NotAllowed where a rate or a number is missing."""
    rule, step = indexed.rule, indexed.step
    if rule.share is not None:
        return _Part(step, rule.rule_id, f"{rule.share!s} of {before!s}", before * rule.share)
    pieces, basis = Decimal(selection.quantity), f"{selection.quantity}"
    if rule.per is not None:
        units = max(_ZERO, _units(index, rule.per, selection) - rule.free)
        pieces, basis = pieces * units, f"{basis} × {units!s}"
    amount = rule.amount or _ZERO
    basis = f"{basis} × {amount!s}"
    if rule.currency is not None:
        rate = conditions.rates.get(rule.currency)
        if rate is None:
            raise NotAllowed(
                f"rule {rule.rule_id} is in {rule.currency}: name the rate of exchange", "rates"
            )
        pieces, basis = pieces * rate, f"{basis} {rule.currency} × {rate!s}"
    cost = None if rule.cost is None else pieces * rule.cost
    return _Part(step, rule.rule_id, basis, pieces * amount, cost)


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


def _wished(wishes: Sequence[Wish], quantity: int) -> list[_Part]:
    return [
        _Part(
            OPTION, INSTRUCTION, f"{quantity} × {wish.amount!s} for {wish.instruction_id}"[:200],
            quantity * wish.amount,
        )
        for wish in sorted(wishes, key=lambda w: w.instruction_id)
    ]  # fmt: skip
