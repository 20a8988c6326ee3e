"""The price engine book.v1: lines are priced by the price rules of a published book."""

from __future__ import annotations

from domain.book.book import Book
from domain.pricing.engines.book_v1.index import STEPS, tier_group
from domain.pricing.engines.book_v1.inputs import inputs_hash, price_request, quote_inputs
from domain.pricing.engines.book_v1.pricing import INSTRUCTION, price
from domain.pricing.quote import QuoteFields
from domain.pricing.request import PriceRequest

__all__ = ["INSTRUCTION", "STEPS", "VERSION", "price", "price_request", "quote", "tier_group"]

VERSION = "book.v1"


def quote(request: PriceRequest, book: Book) -> QuoteFields:
    """The computed fields of a quote, or of a requote.

    Raise NotAllowed where the book has no price, or needs a condition that is not known.
    """
    result = price(request, book)
    inputs = quote_inputs(request)
    return {
        "lines": result.lines,
        "total": result.total,
        "currency": book.currency,
        "inputs": inputs,
        "inputs_hash": inputs_hash(inputs),
        "engine_version": VERSION,
        "trace": result.trace,
    }
