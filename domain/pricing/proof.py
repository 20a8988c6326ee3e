"""The proof of a quote: it is priced again from its inputs, and every value is compared."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

from domain.errors import Refusal
from domain.pricing.engines import BookVersion, repriced
from domain.pricing.quote import Quotation, QuoteInput, QuoteLine, TraceLine


@dataclass(frozen=True, slots=True, kw_only=True)
class QuoteDifference:
    """A value of a quote that is not the same when it is priced again; None: it is not there."""

    what: str
    stored: str | None
    again: str | None


def proof(quote: Quotation, book_version: BookVersion) -> list[QuoteDifference]:
    """Every difference between the quote and the price computed from its inputs; empty: proved."""
    try:
        return list(differences(quote, repriced(quote, book_version)))
    except Refusal as refusal:
        return [QuoteDifference(what="the whole", stored=str(quote.total), again=str(refusal))]


def differences(quote: Quotation, again: Quotation) -> Iterator[QuoteDifference]:
    if quote == again:
        return
    for what, before, after in (*_values(quote, again), *_parts(quote, again)):
        if before != after:
            yield QuoteDifference(what=what, stored=_text(before), again=_text(after))


def _values(quote: Quotation, again: Quotation) -> Iterator[tuple[str, Any, Any]]:
    for field in ("currency", "total", "inputs_hash"):
        yield field, getattr(quote, field), getattr(again, field)


def _parts(quote: Quotation, again: Quotation) -> Iterator[tuple[str, Any, Any]]:
    for field in ("lines", "trace", "inputs"):
        pairs = zip_longest(getattr(quote, field), getattr(again, field))
        for number, (before, after) in enumerate(pairs, 1):
            yield f"{field} {number}", before, after


def _text(value: Any) -> str | None:
    match value:
        case QuoteInput(name=name, value=text):
            return f"{name} = {text}"
        case QuoteLine(line_id=line, amount=amount):
            return f"{line}: {amount}"
        case TraceLine(rule_id=rule, basis=basis, amount=amount, line_id=line, cost=cost):
            costs = "" if cost is None else f", costs {cost}"
            return f"{line or basis}: {rule} {amount} ({basis}{costs})"
    return None if value is None else str(value)
