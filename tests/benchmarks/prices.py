"""Quotes a second: priced with trace and hash, and priced again and compared.

All is processor time of one thread, which other processes of the machine hardly change.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP
from decimal import Decimal as D

from msgspec.structs import replace

from consumers.doors.commands import Command
from consumers.ports.store import StreamAppend
from consumers.questions.prices import verify_prices as verify_all
from domain.book.book import Book, Option, OrderLine, PriceRule, Range, Selection, Term
from domain.order.events import OptionChosen, OrderDrafted
from domain.pricing.engines import CURRENT
from domain.pricing.quote import QuoteFields
from domain.pricing.request import Conditions, PriceRequest
from infra.postgres.store.issued_prices import PostgresIssuedPrices
from tests.benchmarks.harness import Bench, in_turn
from tests.benchmarks.results import Figure, at_least

LINES, ROUNDS, STORED = 20, 200, 200
CLOCK = datetime(2026, 3, 1, tzinfo=UTC)
CONDITIONS = Conditions(clock=CLOCK, load=D("0.86"), lead_days=21)
ADDERS = {("fabric", "silk"): D("19.99"), ("fabric", "linen"): D("7.50"), ("cuff", "french"): D(4)}
BASE, STIFF, PER_MM, FREE = {"shirt": D("80.00")}, D("3.33"), D("0.015"), D(600)
TIERS, SPRING, BUSY, VAT = {5: D("-0.03"), 20: D("-0.05")}, D("-0.1"), D("0.07"), D("0.19")


def quote(bench: Bench) -> Iterator[Figure]:
    """An order of 20 lines under rules of every kind but one.

    The peer computes the same total with bare Decimal and leaves no trace.
    """
    priced, lines = book(0), order()
    assert quoted(priced, lines)["total"] == bare_total(lines)
    ours, peer = in_turn(
        lambda: rate(lambda: quoted(priced, lines)), lambda: rate(lambda: bare_total(lines))
    )
    yield Figure("quote", ours, peer, "quotes/s", at_least(0.1))


def verify_prices(bench: Bench) -> Iterator[Figure]:
    """Stored quotes read, priced again and compared, as `ordermade verify prices` does it."""
    priced, lines = book(0), order()
    _store(bench, priced, lines)
    prices = PostgresIssuedPrices(bench.deployment.pool("reader"))
    books, heads = bench.deployment.books, bench.deployment.log.heads()

    def verified() -> float:
        began = time.process_time()
        verification = verify_all(prices, books, heads)
        assert verification.is_proved
        assert verification.quotes == STORED
        return STORED / (time.process_time() - began)

    ours, peer = in_turn(verified, lambda: rate(lambda: quoted(priced, lines)))
    yield Figure("verify-prices", ours, peer, "quotes/s", at_least(0.5))


def growth_quote(bench: Bench) -> Iterator[Figure]:
    """A quote under a book of 500 options against one under a book of 50."""
    lines, small, large = order(), book(50), book(500)
    ours, peer = in_turn(
        lambda: rate(lambda: quoted(large, lines)), lambda: rate(lambda: quoted(small, lines))
    )
    yield Figure("growth-quote", ours, peer, "quotes/s", note="500 options; 50")


def _store(bench: Bench, priced: Book, lines: list[Selection]) -> None:
    """Publishes the book and stores `STORED` quotes under it."""

    def ask(subject: str, name: str, actor: str | None = None, **arguments):
        bench.deployment.commands.execute(
            Command(id=f"{subject}/{name}", source="/bench", subject=subject, name=name, time=CLOCK,
                    arguments=arguments, actor=actor)
        )  # fmt: skip

    ask("catalogue/bench", "draft", "ann", currency=priced.currency,
        products=priced.products, options=priced.options, prices=priced.prices)  # fmt: skip
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
        events = [replace(bench.event("nobody", data), subject=f"order/{n}", customerid=None)
                  for data in (drafted, *choices)]  # fmt: skip
        bench.deployment.store.append([StreamAppend(f"order/{n}", tuple(events))])
        ask(f"order/{n}", "quote", quote_id="Q1", expires_at=CLOCK + timedelta(days=1),
            load=CONDITIONS.load, lead_days=CONDITIONS.lead_days)  # fmt: skip


def quoted(priced: Book, lines: list[Selection]) -> QuoteFields:
    """A quote as it is recorded: total, trace, inputs and their hash."""
    request = PriceRequest(
        book=priced.book, version=1, conditions=CONDITIONS, selections=tuple(lines)
    )
    return CURRENT.quote(request, priced)


def bare_total(lines: list[Selection]) -> D:
    """The total of the same order by hand."""
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
    """Twenty lines of shirts, each of which meets every rule of `book`."""
    return [
        Selection(
            line_id=f"L{n}", product="shirt", quantity=5 + n % 4, lengths={},
            options={"fabric": "silk", "collar": "mao", "sleeve": str(601 + n), "cuff": "plain"},
        )
        for n in range(LINES)
    ]  # fmt: skip


def book(more: int) -> Book:
    """A book for `order`, with `more` options that no line chooses, each with a price."""
    options = [
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
        effective_from=CLOCK, options=(*options, *others), prices=tuple(rules),
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
