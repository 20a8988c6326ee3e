"""Quotes a second: priced with trace and hash, and priced again and compared.

The peer does the same sums in bare Decimal and leaves no trace. All of it is processor time in one
thread, so that others on the machine count little.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP
from decimal import Decimal as D

from domain.catalogue.book import Book, Option, PriceRule, Range, Selection, Term
from domain.rules.inputs import Asked, inputs, inputs_hash
from domain.rules.pricing import Conditions, price
from tests.benchmarks.harness import Bench, Figure, in_turn

LINES, ROUNDS = 20, 200
CLOCK = datetime(2026, 3, 1, tzinfo=UTC)
CONDITIONS = Conditions(clock=CLOCK, load=D("0.86"), lead_days=21)
ADDERS = {("fabric", "silk"): D("19.99"), ("fabric", "linen"): D("7.50"), ("cuff", "french"): D(4)}
BASE, STIFF, PER_MM, FREE = {"shirt": D("80.00")}, D("3.33"), D("0.015"), D(600)
TIERS, SPRING, BUSY, VAT = {5: D("-0.03"), 20: D("-0.05")}, D("-0.1"), D("0.07"), D("0.19")


def quote(bench: Bench) -> Figure:
    """A 20-line order under rules of every kind but one."""
    of, lines = book(0), order()
    assert issued(of, lines)[0].total == bare(lines)
    mine, peer = in_turn(lambda: rate(lambda: issued(of, lines)), lambda: rate(lambda: bare(lines)))
    return Figure("quote", mine, peer, "quotes/s", at_least=0.1)


def issued(of: Book, lines: list[Selection]):
    said = inputs(Asked(book=of.book, version=1, conditions=CONDITIONS, selections=tuple(lines)))
    return price(of, lines, CONDITIONS), said, inputs_hash(said)


def bare(lines: list[Selection]) -> D:
    total = D(0)
    for line in lines:
        quantity = D(line.quantity)
        amount = quantity * BASE[line.product]
        for chosen in line.options.items():
            if adder := ADDERS.get(chosen):
                amount += quantity * adder
        if line.options["fabric"] == "silk" and line.options["collar"] == "mao":
            amount += quantity * STIFF
        amount += quantity * max(D(0), D(line.options["sleeve"]) - FREE) * PER_MM
        tier = max((t for t in TIERS if line.quantity >= t), default=None)
        if tier:
            amount += amount * TIERS[tier]
        if CONDITIONS.load >= D("0.8"):
            amount += amount * BUSY
        if line.options["collar"] == "mao":
            amount += amount * SPRING
        amount += amount * VAT
        total += amount.quantize(D("0.01"), ROUND_HALF_UP)
    return total


def order() -> list[Selection]:
    return [
        Selection(
            line_id=f"L{n}", product="shirt", quantity=5 + n % 4, lengths={},
            options={"fabric": "silk", "collar": "mao", "sleeve": str(601 + n), "cuff": "plain"},
        )
        for n in range(LINES)
    ]  # fmt: skip


def book(more: int) -> Book:
    """With `more` options that nobody chooses, each with a price."""
    named = [
        _option("fabric", "silk", "linen"), _option("collar", "mao", "kent"),
        _option("cuff", "plain", "french"),
        Option(
            option="sleeve", label="Sleeve", stage="pre_manufacture", choice_space="parametric",
            range=Range(minimum=D(400), maximum=D(900), unit="mm"),
        ),
    ]  # fmt: skip
    others = [_option(f"extra-{n}", "yes", "no") for n in range(more)]
    rules = [
        _rule("shirt", "base", ("product", "shirt"), amount=BASE["shirt"]),
        *(_rule("-".join(on), "option", on, amount=amount) for on, amount in ADDERS.items()),
        *(_rule(o.option, "option", (o.option, "yes"), amount=D(1)) for o in others),
        _rule("stiff", "combination", ("fabric", "silk"), ("collar", "mao"), amount=STIFF),
        _rule("long", "parametric", per="sleeve", free=FREE, amount=PER_MM),
        *(_rule(f"from-{n}", "volume", from_quantity=n, share=off) for n, off in TIERS.items()),
        _rule("busy", "capacity", from_load=D("0.8"), share=BUSY),
        _rule("spring", "discount", ("collar", "mao"), share=SPRING),
        _rule("vat", "tax", share=VAT),
    ]
    return Book(
        book="bench", version=1, currency="EUR", rounding="half_up", places=2, products=("shirt",),
        effective_from=CLOCK, options=(*named, *others), prices=tuple(rules),
    )  # fmt: skip


def _option(name: str, *values: str) -> Option:
    return Option(option=name, label=name, stage="pre_manufacture", values=values)


def _rule(rule_id: str, step: str, *when: tuple[str, str], **more) -> PriceRule:
    terms = tuple(Term(option=option, values=(value,)) for option, value in when)
    return PriceRule(rule_id=rule_id, words=rule_id, step=step, when=terms, **more)


def rate(step: Callable[[], object], rounds: int = ROUNDS) -> float:
    """Calls a second of processor time."""
    began = time.process_time()
    for _ in range(rounds):
        step()
    return rounds / (time.process_time() - began)
