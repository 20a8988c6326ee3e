"""The engines that quotes were priced by, and pricing a quote again: nothing live is read.

An engine stays as it is: what changes a golden quote (tests/golden/quotes) is a new one beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import zip_longest
from typing import Any

from domain.catalogue.book import Book
from domain.errors import NotAllowed
from domain.order.events import QuoteInput, QuoteIssued, QuoteLine, TraceLine
from domain.rules.inputs import asked, inputs, inputs_hash
from domain.rules.pricing import price

GIVEN, BY_BOOK = "given.v1", "book.v1"
GIVEN_RULE = "given"
Version = Callable[[str, int], Book]
"""The version of a book, for ever as it was published."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """Where a quote as stored is not what it is when priced again; None: there is nothing."""

    what: str
    stored: str | None
    again: str | None


def given(lines: tuple[QuoteLine, ...]) -> tuple[Decimal, tuple[TraceLine, ...]]:
    """The total and the trace of lines whose price was given by whoever asked for the quote."""
    total = sum((line.amount for line in lines), Decimal(0))
    return total, tuple(
        TraceLine(rule_id=GIVEN_RULE, basis=line.line_id, amount=line.amount) for line in lines
    )


def repriced(quote: QuoteIssued, version: Version) -> QuoteIssued:
    """The quote as its engine prices it from its inputs. Raises NotAllowed where it cannot."""
    engine = ENGINES.get(quote.engine_version)
    if engine is None:
        raise NotAllowed(
            f"this release has no engine {quote.engine_version}, only {', '.join(ENGINES)}: use "
            "the release that issued the quote, or a later one",
            "engine_version",
        )
    return engine(quote, version)


def differences(quote: QuoteIssued, again: QuoteIssued) -> Iterator[Difference]:
    """Each value in which they differ; none where the quote is proved."""
    for what, stored, anew in (*_values(quote, again), *_parts(quote, again)):
        if stored != anew:
            yield Difference(what=what, stored=_text(stored), again=_text(anew))


def _values(quote: QuoteIssued, again: QuoteIssued) -> Iterator[tuple[str, Any, Any]]:
    for field in ("currency", "total", "inputs_hash"):
        yield field, getattr(quote, field), getattr(again, field)
    yield "sum of the lines", sum((line.amount for line in quote.lines), Decimal(0)), quote.total


def _parts(quote: QuoteIssued, again: QuoteIssued) -> Iterator[tuple[str, Any, Any]]:
    for part in ("lines", "trace", "inputs"):
        pairs = zip_longest(getattr(quote, part), getattr(again, part))
        for n, (stored, anew) in enumerate(pairs, 1):
            yield f"{part} {n}", stored, anew


def _text(value: Any) -> str | None:
    match value:
        case QuoteInput(name=name, value=said):
            return f"{name} = {said}"
        case QuoteLine(line_id=line, amount=amount):
            return f"{line}: {amount}"
        case TraceLine(rule_id=rule, basis=basis, amount=amount, line_id=line, cost=cost):
            costs = "" if cost is None else f", costs {cost}"
            return f"{line or basis}: {rule} {amount} ({basis}{costs})"
    return None if value is None else str(value)


def _given(quote: QuoteIssued, version: Version) -> QuoteIssued:  # noqa: ARG001
    total, trace = given(quote.lines)
    return replace(quote, total=total, trace=trace, inputs_hash=inputs_hash(quote.inputs))


def _by_book(quote: QuoteIssued, version: Version) -> QuoteIssued:
    wanted = asked(quote.inputs)
    book = version(wanted.book, wanted.version)
    priced = price(book, wanted.selections, wanted.conditions, wanted.wishes)
    said = inputs(wanted)
    return replace(
        quote, lines=priced.lines, total=priced.total, trace=priced.trace, currency=book.currency,
        inputs=said, inputs_hash=inputs_hash(said),
    )  # fmt: skip


ENGINES: dict[str, Callable[[QuoteIssued, Version], QuoteIssued]] = {
    GIVEN: _given,
    BY_BOOK: _by_book,
}
