"""Quotes as releases priced them, for ever: `quotes/<engine>/<number>.json`, each with its book.

They are only added, by `python -m tests.golden.quotes`, when a release prices what none did before;
SHA256SUMS holds them to it.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal as D
from pathlib import Path

import msgspec

from domain.book.book import Book
from domain.order.events import QuoteIssued
from domain.pricing.engines import BY_BOOK, GIVEN, repriced
from domain.pricing.inputs import PriceRequest, inputs
from domain.pricing.pricing import Conditions, PricedInstruction
from domain.pricing.quote import QuoteLine
from tests.golden import FOLDER, SUMS, committed, sums
from tests.unit.books import NOON, RULES, T0, book, line, rule

QUOTES = FOLDER / "quotes"


@dataclass(frozen=True)
class GoldenQuote:
    quote: QuoteIssued
    book: Book | None = None

    def version(self, name: str, number: int) -> Book:
        assert self.book is not None
        assert (name, number) == (self.book.book, self.book.version)
        return self.book


def read(file: Path) -> GoldenQuote:
    return msgspec.json.decode(file.read_bytes(), type=GoldenQuote)


def encoded(golden: GoldenQuote) -> bytes:
    said = msgspec.json.Encoder(decimal_format="string").encode(golden)
    return msgspec.json.format(said, indent=1) + b"\n"


def today() -> list[GoldenQuote]:
    """What this release is held to."""
    busy = Conditions(clock=T0, load=D("0.96"), lead_days=6)
    whole = line(quantity=5, fabric="silk", collar="mao", sleeve="610.5", monogram=4)
    instructions = (
        PricedInstruction(
            instruction_id="I1", line_id="L1", operations=("no-starch",), amount=D(0)
        ),
        PricedInstruction(
            instruction_id="I2", line_id=None, operations=("gift", "card"), amount=D("4.995")
        ),
    )
    euro = rule("shirt", "base", amount="10.005", cost="4", currency="USD")
    lines = (line("L2", "scarf", 20), whole, line("L3", monogram=12, collar="kent"))
    even = book(*RULES, rounding="half_even", places=3, version=7, currency="CHF")
    return [
        _given(QuoteLine(line_id="L1", amount=D("80.00")), QuoteLine(line_id="L2", amount=D(2))),
        _by_book(book(), busy, (whole,)),
        _by_book(book(), NOON, lines, instructions),
        _by_book(even, replace(busy, load=D("0.8")), lines, instructions),
        _by_book(book(euro, rounding="up"), replace(NOON, rates={"USD": D("0.9213")}), (line(),)),
        _by_book(book(euro, rounding="down", places=0),
                 replace(NOON, rates={"USD": D(1), "CHF": D(2)}), (line(quantity=3),)),
    ]  # fmt: skip


def add() -> list[str]:
    """The new files, by path."""
    kept = [read(file) for file in QUOTES.glob("*/*.json")]
    for golden in today():
        folder = QUOTES / golden.quote.engine_version
        if golden not in kept:
            folder.mkdir(parents=True, exist_ok=True)
            number = len(list(folder.iterdir())) + 1
            (folder / f"{number}.json").write_bytes(encoded(golden))
    new = {path: digest for path, digest in sums().items() if path not in committed()}
    with SUMS.open("a", encoding="utf-8") as out:
        out.writelines(f"{digest}  {path}\n" for path, digest in new.items())
    return list(new)


def _given(*lines: QuoteLine) -> GoldenQuote:
    said = replace(_blank(GIVEN), lines=lines, currency="EUR")
    return GoldenQuote(repriced(said, book))


def _by_book(of: Book, conditions: Conditions, lines, instructions=()) -> GoldenQuote:
    said = inputs(
        PriceRequest(
            book=of.book, version=of.version, conditions=conditions, selections=tuple(lines),
            instructions=tuple(instructions),
        )
    )  # fmt: skip
    return GoldenQuote(repriced(replace(_blank(BY_BOOK), inputs=said), lambda *_: of), of)


def _blank(engine: str) -> QuoteIssued:
    return QuoteIssued(
        quote_id="Q1", lines=(), total=D(0), currency="", inputs=(), inputs_hash="",
        configuration_hash="golden", engine_version=engine, trace=(),
        expires_at=datetime(2026, 4, 1, tzinfo=UTC),
    )  # fmt: skip


if __name__ == "__main__":
    sys.stdout.writelines(f"{path}\n" for path in add())
