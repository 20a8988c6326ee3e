"""Quotes as releases priced them, each with its book: `quotes/<engine>/<number>.json`.

They are only added, by `python -m tests.golden`, when a release prices what none did before.
SHA256SUMS fixes their bytes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import MISSING, dataclass, fields, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal as D
from pathlib import Path
from typing import Any, get_args

import msgspec

from domain.book.book import Book, PriceRule, PriceStep, Rounding
from domain.order.events import QuoteIssued
from domain.pricing.engines import CURRENT, book_engine, given_v1
from domain.pricing.quote import QuoteLine
from domain.pricing.request import Conditions, PricedInstruction
from tests.golden import FOLDER
from tests.unit.books import NOON, RULES, T0, book, line, price_request, rule, term

QUOTES = FOLDER / "quotes"


@dataclass(frozen=True)
class GoldenQuote:
    quote: QuoteIssued
    book: Book | None = None

    def version(self, name: str, number: int) -> Book:
        """The book of the quote, for the functions that look up a version of a book."""
        assert self.book is not None
        assert (name, number) == (self.book.book, self.book.version)
        return self.book


def read(file: Path) -> GoldenQuote:
    return msgspec.json.decode(file.read_bytes(), type=GoldenQuote)


def encoded(golden: GoldenQuote) -> bytes:
    text = msgspec.json.Encoder(decimal_format="string").encode(golden)
    return msgspec.json.format(text, indent=1) + b"\n"


def current_quotes() -> list[GoldenQuote]:
    """Quotes that cover every kind of rule, priced by this release."""
    busy = Conditions(clock=T0, load=D("0.96"), lead_days=6)
    shirts = line(quantity=5, fabric="silk", collar="mao", sleeve="610.5", monogram=4)
    instructions = (
        PricedInstruction(
            instruction_id="I1", line_id="L1", operations=("no-starch",), amount=D(0)
        ),
        PricedInstruction(
            instruction_id="I2", line_id=None, operations=("gift", "card"), amount=D("4.995")
        ),
    )
    euro = rule("shirt", "base", amount="10.005", cost="4", currency="USD")
    lines = (line("L2", "scarf", 20), shirts, line("L3", monogram=12, collar="kent"))
    half_even = book(*RULES, rounding="half_even", places=3, version=7, currency="CHF")
    bounded = book(
        *RULES, rule("early", "time", ends=T0, share="-0.5"),
        rule("any-collar", "option", term("collar"), amount="0.333"),
        rule("two", "combination", term("fabric", "silk", "cotton"), term("collar"), amount="0.01"),
    )  # fmt: skip
    winter = replace(NOON, clock=T0 - timedelta(seconds=1), load=D(0))
    return [
        _given(QuoteLine(line_id="L1", amount=D("80.00")), QuoteLine(line_id="L2", amount=D(2))),
        _by_book(book(), busy, (shirts,)),
        _by_book(book(), NOON, lines, instructions),
        _by_book(half_even, replace(busy, load=D("0.8")), lines, instructions),
        _by_book(book(euro, rounding="up"), replace(NOON, rates={"USD": D("0.9213")}), (line(),)),
        _by_book(book(euro, rounding="down", places=0),
                 replace(NOON, rates={"USD": D(1), "CHF": D(2)}), (line(quantity=3),)),
        _by_book(bounded, winter, (line(collar="mao", fabric="cotton"),)),
        _by_book(bounded, replace(NOON, clock=T0.replace(month=4)), lines[:2]),
    ]  # fmt: skip


def required_features() -> set[str]:
    """Each kind of rule, each of its fields, each of its bounds on both sides, and so on."""
    optional = [f.name for f in fields(PriceRule) if not f.default is f.default_factory is MISSING]
    bounds = ("from_quantity", "starts", "ends", "from_load", "within_days")
    return {
        *(f"step {step}" for step in get_args(PriceStep)),
        *(f"field {name}" for name in optional),
        *(f"bound {name} not met" for name in bounds),
        *(f"lower {step} tier" for step in ("volume", "capacity")),
        *(f"rounding {mode}" for mode in get_args(Rounding)),
        *("term of any value", "term of several values", "several lines", "several terms"),
        *("instruction of a line", "instruction of every line"),
    }


def features(golden: GoldenQuote) -> Iterator[str]:
    """The features that the price of a golden quote depends on."""
    if golden.book is None:
        return
    request = book_engine(golden.quote.engine_version).price_request(golden.quote.inputs)
    yield f"rounding {golden.book.rounding}"
    yield from ("several lines" for _ in request.selections[1:])
    for each in request.instructions:
        yield "instruction of a line" if each.line_id else "instruction of every line"
    rules = {rule.rule_id: rule for rule in golden.book.prices}
    for entry in golden.quote.trace:
        yield f"step {entry.step}"
        if entry.rule_id in rules:
            yield from _fields(rules[entry.rule_id])
    for each in request.selections:
        applied = {t.rule_id for t in golden.quote.trace if t.line_id == each.line_id}
        for rule_id in rules.keys() - applied:
            if not (rules[rule_id].when or rules[rule_id].per):
                unmet = list(_unmet(rules[rule_id], each.quantity, request.conditions))
                yield from unmet or [f"lower {rules[rule_id].step} tier"]


def _fields(rule: PriceRule) -> Iterator[str]:
    for field in fields(PriceRule):
        if getattr(rule, field.name) != field.default:
            yield f"field {field.name}"
    yield from ("several terms" for _ in rule.when[1:])
    for each in rule.when:
        if len(each.values) != 1:
            yield "term of several values" if each.values else "term of any value"


def _unmet(rule: PriceRule, quantity: int, conditions: Conditions) -> Iterator[str]:
    if rule.from_quantity and quantity < rule.from_quantity:
        yield "bound from_quantity not met"
    if rule.starts and conditions.clock < rule.starts:
        yield "bound starts not met"
    if rule.ends and conditions.clock >= rule.ends:
        yield "bound ends not met"
    if rule.from_load and (conditions.load or 0) < rule.from_load:
        yield "bound from_load not met"
    if rule.within_days and (conditions.lead_days or 0) >= rule.within_days:
        yield "bound within_days not met"


def add() -> list[Path]:
    """Add the quotes of this release that are not there yet."""
    new = []
    present = [read(file) for file in QUOTES.glob("*/*.json")]
    for golden in current_quotes():
        if golden not in present:
            folder = QUOTES / golden.quote.engine_version
            folder.mkdir(parents=True, exist_ok=True)
            new.append(folder / f"{len(list(folder.iterdir())) + 1}.json")
            new[-1].write_bytes(encoded(golden))
    return new


def _given(*lines: QuoteLine) -> GoldenQuote:
    return GoldenQuote(_issued(given_v1.quote(lines, "EUR", inputs=())))


def _by_book(
    under: Book, conditions: Conditions, lines: Any, instructions: Any = ()
) -> GoldenQuote:
    request = price_request(lines, conditions, instructions, under)
    return GoldenQuote(_issued(CURRENT.quote(request, under)), under)


def _issued(priced: Any) -> QuoteIssued:
    return QuoteIssued(
        quote_id="Q1", configuration_hash="golden", expires_at=datetime(2026, 4, 1, tzinfo=UTC),
        **priced,
    )  # fmt: skip
