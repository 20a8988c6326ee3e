"""The price engines, by the name under which a quote records its own.

An engine is a folder that never changes after a release: what would give a quote another price is
a new engine in a folder beside it. docs/adr/0014-prices.md says why, docs/extend/price-rule.md how.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Protocol, TypeVar

from domain.book.book import Book
from domain.pricing import refusals
from domain.pricing.engines import book_v1, given_v1
from domain.pricing.quote import Quotation, QuoteFields, QuoteInput
from domain.pricing.request import PriceRequest

Q = TypeVar("Q", bound=Quotation)
BookVersion = Callable[[str, int], Book]
"""Returns a version of a book, by its name and number, as it was published."""


class BookEngine(Protocol):
    """What a folder of an engine that prices by a book offers."""

    @property
    def VERSION(self) -> str: ...
    def quote(self, request: PriceRequest, book: Book) -> QuoteFields: ...
    def price_request(self, inputs: Iterable[QuoteInput]) -> PriceRequest: ...


GIVEN = given_v1.VERSION
CURRENT = book_v1
"""The engine that prices new quotes; it also reads the inputs of all earlier ones."""
BOOK_ENGINES: dict[str, BookEngine] = {book_v1.VERSION: book_v1}


def book_engine(version: str) -> BookEngine:
    """Raise NotAllowed where this release has no such engine."""
    if version not in BOOK_ENGINES:
        raise refusals.unknown_engine(version, ", ".join([GIVEN, *BOOK_ENGINES]))
    return BOOK_ENGINES[version]


def repriced(quote: Q, book_version: BookVersion) -> Q:
    """The quote as the engine that it names computes it from its inputs; nothing else is read.

    Raise NotAllowed where that engine or the book is missing, or the inputs cannot be priced.
    """
    if quote.engine_version == GIVEN:
        return replace(quote, **given_v1.quote(quote.lines, quote.currency, quote.inputs))
    engine = book_engine(quote.engine_version)
    request = engine.price_request(quote.inputs)
    return replace(quote, **engine.quote(request, book_version(request.book, request.version)))
