"""Quotes a second: priced with trace and hash, and priced again and compared.

The peer does the same sums in bare Decimal and leaves no trace. All of it is processor time in one
thread, so that others on the machine count little.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP
from decimal import Decimal as D

from consumers.doors.commands import Command
from consumers.ports.store import StreamAppend
from domain.book.book import Book, Option, OrderLine, PriceRule, Range, Selection, Term
from domain.order.events import OptionChosen, OrderDrafted
from domain.pricing.engines import CURRENT
from domain.pricing.quote import QuoteFields
from domain.pricing.request import Conditions, PriceRequest
from infra.cli.proving import Proving
from infra.postgres.store.issued_prices import PostgresIssuedPrices
from tests.benchmarks.harness import Bench, Figure, in_turn

LINES, ROUNDS, STORED = 20, 200, 200
CLOCK = datetime(2026, 3, 1, tzinfo=UTC)
CONDITIONS = Conditions(clock=CLOCK, load=D("0.86"), lead_days=21)
ADDERS = {("fabric", "silk"): D("19.99"), ("fabric", "linen"): D("7.50"), ("cuff", "french"): D(4)}
BASE, STIFF, PER_MM, FREE = {"shirt": D("80.00")}, D("3.33"), D("0.015"), D(600)
TIERS, SPRING, BUSY, VAT = {5: D("-0.03"), 20: D("-0.05")}, D("-0.1"), D("0.07"), D("0.19")


def quote(bench: Bench) -> Figure:
    """A 20-line order under rules of every kind but one."""
    of, lines = book(0), order()
    assert issued(of, lines)["total"] == bare(lines)
    mine, peer = in_turn(lambda: rate(lambda: issued(of, lines)), lambda: rate(lambda: bare(lines)))
    return Figure("quote", mine, peer, "quotes/s", at_least=0.1)


def verify_prices(bench: Bench) -> Figure:
    """Stored quotes read, priced again and compared, as `ordermade verify prices` does it."""
    of, lines = book(0), order()
    _store(bench, of, lines)
    stored, proving = (
        PostgresIssuedPrices(bench.deployment.pool("reader")),
        Proving(bench.deployment),
    )

    def verified() -> float:
        began, count = time.process_time(), 0
        for partition in stored.heads():
            for each in stored.all(partition):
                assert proving.differences(each) == []
                count += 1
        assert count == STORED
        return count / (time.process_time() - began)

    mine, peer = in_turn(verified, lambda: rate(lambda: issued(of, lines)))
    assert proving.broken == []
    return Figure("verify-prices", mine, peer, "quotes/s", at_least=0.5)


def growth_quote(bench: Bench) -> Figure:
    """An order under a book of ten times the options: what it costs follows the order."""
    lines, small, large = order(), book(50), book(500)
    mine, peer = in_turn(
        lambda: rate(lambda: issued(large, lines)), lambda: rate(lambda: issued(small, lines))
    )
    return Figure("growth-quote", mine, peer, "quotes/s", said="500 options; 50")


def _store(bench: Bench, of: Book, lines: list[Selection]) -> None:
    """The book published, and `STORED` quotes under it."""

    def ask(subject: str, name: str, actor: str | None = None, **arguments):
        bench.deployment.commands.execute(
            Command(id=f"{subject}/{name}", source="/bench", subject=subject, name=name, time=CLOCK,
                    arguments=arguments, actor=actor)
        )  # fmt: skip

    ask("catalogue/bench", "draft", "ann", currency=of.currency, products=of.products,
        options=of.options, prices=of.prices)  # fmt: skip
    ask("catalogue/bench", "approve", "bob", version=1)
    ask("catalogue/bench", "publish", "bob", version=1)
    choices = [
        OptionChosen(
            line_id=line.line_id, option=option, value=value, origin="direct", target="product",
            choice_space="parametric" if option == "sleeve" else "closed", stage="pre_manufacture",
        )
        for line in lines
        for option, value in line.options.items()
    ]  # fmt: skip
    drafted = OrderDrafted(
        lines=tuple(OrderLine(line_id=line.line_id, product="shirt", quantity=line.quantity)
                    for line in lines), book="bench",
    )  # fmt: skip
    for n in range(STORED):
        said = [replace(bench.event("nobody", data), subject=f"order/{n}", customerid=None)
                for data in (drafted, *choices)]  # fmt: skip
        bench.deployment.store.append([StreamAppend(f"order/{n}", tuple(said))])
        ask(f"order/{n}", "quote", quote_id="Q1", expires_at=CLOCK + timedelta(days=1),
            load=CONDITIONS.load, lead_days=CONDITIONS.lead_days)  # fmt: skip


def issued(of: Book, lines: list[Selection]) -> QuoteFields:
    request = PriceRequest(book=of.book, version=1, conditions=CONDITIONS, selections=tuple(lines))
    return CURRENT.quote(request, of)


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
