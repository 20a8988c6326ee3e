"""The engines that quotes were priced by, and pricing a quote again: nothing live is read.

An engine stays as it is: what changes a golden quote (tests/golden/quotes) is a new one beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import zip_longest
from typing import Any, TypeVar

from domain.book.book import Book
from domain.errors import NotAllowed, Refusal
from domain.pricing.inputs import PriceRequest, inputs, inputs_hash, price_request
from domain.pricing.pricing import price
from domain.pricing.quote import Quotation, QuoteInput, QuoteLine, TraceLine

GIVEN, BY_BOOK = "given.v1", "book.v1"
GIVEN_RULE = "given"
Q = TypeVar("Q", bound=Quotation)
Version = Callable[[str, int], Book]
"""The version of a book, for ever as it was published."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QuoteDifference:
    """Where a quote as stored is not what it is when priced again; None: there is nothing."""

    what: str
    stored: str | None
    again: str | None


def by_book(wanted: PriceRequest, book: Book) -> dict[str, Any]:
    """The fields of a quote that pricing makes. Raises NotAllowed where the book has no price."""
    priced, said = (
        price(book, wanted.selections, wanted.conditions, wanted.instructions),
        inputs(wanted),
    )
    return {
        "lines": priced.lines, "total": priced.total, "currency": book.currency,
        "trace": priced.trace, "inputs": said, "inputs_hash": inputs_hash(said),
        "engine_version": BY_BOOK,
    }  # fmt: skip


def given(
    lines: tuple[QuoteLine, ...], currency: str, said: tuple[QuoteInput, ...]
) -> dict[str, Any]:
    """The same fields where each line's price is given by whoever asks for the quote."""
    return {
        "lines": lines, "total": sum((line.amount for line in lines), Decimal(0)),
        "currency": currency, "inputs": said, "inputs_hash": inputs_hash(said),
        "engine_version": GIVEN,
        "trace": tuple(
            TraceLine(rule_id=GIVEN_RULE, basis=line.line_id, amount=line.amount)
            for line in lines
        ),
    }  # fmt: skip


def repriced(quote: Q, version: Version) -> Q:
    """The quote as its engine prices it from its inputs. Raises NotAllowed where it cannot."""
    engine = ENGINES.get(quote.engine_version)
    if engine is None:
        raise NotAllowed(
            f"this release has no engine {quote.engine_version}, only {', '.join(ENGINES)}: use "
            "the release that issued the quote, or a later one",
            "engine_version",
        )
    return replace(quote, **engine(quote, version))


def proof(quote: Quotation, version: Version) -> list[QuoteDifference]:
    """Where the quote is not what its inputs make of it; nothing where it is proved."""
    try:
        return list(differences(quote, repriced(quote, version)))
    except Refusal as refusal:
        return [QuoteDifference(what="the whole", stored=str(quote.total), again=str(refusal))]


def differences(quote: Quotation, again: Quotation) -> Iterator[QuoteDifference]:
    """Each value in which they differ."""
    if quote == again:
        return
    for what, stored, anew in (*_values(quote, again), *_parts(quote, again)):
        if stored != anew:
            yield QuoteDifference(what=what, stored=_text(stored), again=_text(anew))


def _values(quote: Quotation, again: Quotation) -> Iterator[tuple[str, Any, Any]]:
    for field in ("currency", "total", "inputs_hash"):
        yield field, getattr(quote, field), getattr(again, field)


def _parts(quote: Quotation, again: Quotation) -> Iterator[tuple[str, Any, Any]]:
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


def _given(quote: Quotation, version: Version) -> dict[str, Any]:  # noqa: ARG001
    return given(quote.lines, quote.currency, quote.inputs)


def _by_book(quote: Quotation, version: Version) -> dict[str, Any]:
    wanted = price_request(quote.inputs)
    return by_book(wanted, version(wanted.book, wanted.version))


ENGINES: dict[str, Callable[[Quotation, Version], dict[str, Any]]] = {
    GIVEN: _given,
    BY_BOOK: _by_book,
}
