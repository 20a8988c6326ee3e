"""What books made of prices: premium, margin, bands of surcharge, and how prices drift."""

from __future__ import annotations

import heapq
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Protocol

from domain.book.book import Book
from domain.errors import NotAllowed
from domain.pricing.engines import CURRENT
from projections.figures.measures import money, share
from projections.prices import Quote

BASKET = 200
"""The latest placed quotes of a version that are priced again: a fixed basket."""
_ADDERS = ("option", "combination", "parametric")
_SURCHARGE = "capacity"


class BookVersions(Protocol):
    """The published versions, which never change."""

    def current(self, name: str, at: datetime) -> Book | None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Premium:
    """`adders` are what was charged for options, combinations, measures and instructions."""

    currency: str
    adders: Decimal
    total: Decimal
    share: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Margin:
    """Of the rules whose cost is known; `unknown` was charged by rules that name none."""

    currency: str
    charged: Decimal
    cost: Decimal
    margin: Decimal
    unknown: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """Quotes by the capacity and lead-time surcharges that spoke in them; none: `-`."""

    surcharge: str
    quotes: int
    placed: int
    conversion: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """What the basket of a version would cost by the current one: index = Σp_new·q / Σp_old·q.

    Each quote under its own conditions. Without a rule: all of it. `left_out` are quotes that the
    current version cannot price.
    """

    book: str
    version: int
    current: int
    rule_id: str | None
    before: Decimal
    after: Decimal
    index: float | None
    quotes: int
    left_out: int


_Sold = tuple[datetime, str, str, Quote]


class Quoted:
    """Gathers the quotes that books priced, an order at a time."""

    def __init__(self) -> None:
        self._bands: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self._baskets: defaultdict[tuple[str, int], list[_Sold]] = defaultdict(list)
        self._sums: defaultdict[str, defaultdict[str, Decimal]] = defaultdict(money)

    def add(self, order: str, quotes: Iterable[Quote]) -> None:
        for quote in quotes:
            steps = {rule.step for rule in quote.by_rule}
            if steps <= {None}:
                continue  # given, not priced
            spoke = [r.rule_id for r in quote.by_rule if r.step == _SURCHARGE]
            band = self._bands[", ".join(sorted(spoke)) or "-"]
            band["quotes"] += 1
            if quote.state != "placed":
                continue
            band["placed"] += 1
            self._sum(quote)
            request = CURRENT.price_request(quote.inputs)
            basket = self._baskets[request.book, request.version]
            sold = (quote.issued, order, quote.quote_id, quote)
            (heapq.heappushpop if len(basket) == BASKET else heapq.heappush)(basket, sold)

    def _sum(self, quote: Quote) -> None:
        self._sums["total"][quote.currency] += quote.total
        for rule in quote.by_rule:
            if rule.step in _ADDERS:
                self._sums["adders"][quote.currency] += rule.amount
            if rule.cost is not None:
                self._sums["charged"][quote.currency] += rule.amount
                self._sums["cost"][quote.currency] += rule.cost
            elif rule.step in (*_ADDERS, "base"):
                self._sums["unknown"][quote.currency] += rule.amount

    def premium(self) -> tuple[Premium, ...]:
        return tuple(
            Premium(
                currency=currency, adders=self._sums["adders"][currency], total=total,
                share=float(self._sums["adders"][currency] / total) if total else None,
            )
            for currency, total in sorted(self._sums["total"].items())
        )  # fmt: skip

    def margin(self) -> tuple[Margin, ...]:
        charged, cost = self._sums["charged"], self._sums["cost"]
        return tuple(
            Margin(
                currency=currency, charged=charged[currency], cost=cost[currency],
                margin=charged[currency] - cost[currency],
                unknown=self._sums["unknown"][currency],
            )
            for currency in sorted(self._sums["total"])
        )  # fmt: skip

    def bands(self) -> tuple[Band, ...]:
        return tuple(
            Band(
                surcharge=name, quotes=band["quotes"], placed=band["placed"],
                conversion=share(band["placed"], band["quotes"]),
            )
            for name, band in sorted(self._bands.items())
        )  # fmt: skip

    def drift(self, now: datetime, books: BookVersions) -> Iterator[Drift]:
        for (name, version), basket in sorted(self._baskets.items()):
            book = books.current(name, now)
            if book is not None and book.version != version:
                yield from _drift(book, version, [sold[-1] for sold in sorted(basket)])


def _drift(book: Book, version: int, basket: list[Quote]) -> Iterator[Drift]:
    before: defaultdict[str | None, Decimal] = defaultdict(Decimal)
    after: defaultdict[str | None, Decimal] = defaultdict(Decimal)
    left_out = 0
    for quote in basket:
        request = CURRENT.price_request(quote.inputs)
        try:
            priced = CURRENT.price(request, book)
        except NotAllowed:
            left_out += 1
            continue
        before[None] += quote.total
        after[None] += priced.total
        for rule in quote.by_rule:
            before[rule.rule_id] += rule.amount
        for part in priced.trace:
            after[part.rule_id] += part.amount
    for rule_id in sorted({None, *before, *after}, key=lambda id: id or ""):
        old, new = before[rule_id], after[rule_id]
        yield Drift(
            book=book.book, version=version, current=book.version, rule_id=rule_id, before=old,
            after=new, index=float(new / old) if old else None,
            quotes=len(basket) - left_out, left_out=left_out,
        )  # fmt: skip
