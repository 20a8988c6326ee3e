"""Figures of quotes that a book priced: premium, margin, surcharges and price drift."""

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
from projections.figures.measures import new_sums, share
from projections.prices import Quote

BASKET = 200
"""How many placed quotes of a version are priced again for its drift: the latest ones."""
_ADDERS = ("option", "combination", "parametric")
"""Steps of rules that charge for choices; those of instructions are options too."""
_SURCHARGE = "capacity"
"""The step of rules for a busy plant and short lead times."""


class BookVersions(Protocol):
    """The published versions of books."""

    def current(self, name: str, at: datetime) -> Book | None:
        """The version of a book that is effective at a time."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Premium:
    """The part of the placed totals that was charged for choices: `share` = adders / total."""

    currency: str
    adders: Decimal
    total: Decimal
    share: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Margin:
    """`charged` - `cost` of the rules that name their cost; `unknown` was charged by others."""

    currency: str
    charged: Decimal
    cost: Decimal
    margin: Decimal
    unknown: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class SurchargeBand:
    """The quotes with the same surcharge rules, by their ids; `-` stands for none."""

    surcharge: str
    quotes: int
    placed: int
    conversion: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceDrift:
    """What the basket of a version costs by the `current` one: index = Σ p_new·q / Σ p_old·q.

    This is a Laspeyres price index: the quotes and their conditions are those of the old version.
    Without a rule it is that of the totals. `left_out` quotes cannot be priced by the new version.
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


_BasketEntry = tuple[datetime, str, str, Quote]
"""A placed quote, ordered by its time, order and id."""


class QuoteSums:
    """Sums over the quotes that books priced; quotes are added order by order."""

    def __init__(self) -> None:
        self._bands: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self._baskets: defaultdict[tuple[str, int], list[_BasketEntry]] = defaultdict(list)
        self._sums: defaultdict[str, defaultdict[str, Decimal]] = defaultdict(new_sums)

    def add(self, order: str, quotes: Iterable[Quote]) -> None:
        for quote in quotes:
            steps = {rule.step for rule in quote.by_rule}
            if steps <= {None}:
                continue  # its price was given, not computed
            surcharges = [r.rule_id for r in quote.by_rule if r.step == _SURCHARGE]
            band = self._bands[", ".join(sorted(surcharges)) or "-"]
            band["quotes"] += 1
            if quote.state != "placed":
                continue
            band["placed"] += 1
            self._add_amounts(quote)
            request = CURRENT.price_request(quote.inputs)
            basket = self._baskets[request.book, request.version]
            entry = (quote.issued, order, quote.quote_id, quote)
            (heapq.heappushpop if len(basket) == BASKET else heapq.heappush)(basket, entry)

    def _add_amounts(self, quote: Quote) -> None:
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

    def surcharge_bands(self) -> tuple[SurchargeBand, ...]:
        return tuple(
            SurchargeBand(
                surcharge=name, quotes=band["quotes"], placed=band["placed"],
                conversion=share(band["placed"], band["quotes"]),
            )
            for name, band in sorted(self._bands.items())
        )  # fmt: skip

    def drift(self, now: datetime, books: BookVersions) -> Iterator[PriceDrift]:
        """The drift of each version that is not the effective one, in all and by rule."""
        for (name, version), basket in sorted(self._baskets.items()):
            book = books.current(name, now)
            if book is not None and book.version != version:
                yield from _drift(book, version, [entry[-1] for entry in sorted(basket)])


def _drift(book: Book, version: int, basket: list[Quote]) -> Iterator[PriceDrift]:
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
        for line in priced.trace:
            after[line.rule_id] += line.amount
    for rule_id in sorted({None, *before, *after}, key=lambda id: id or ""):
        old, new = before[rule_id], after[rule_id]
        yield PriceDrift(
            book=book.book, version=version, current=book.version, rule_id=rule_id, before=old,
            after=new, index=float(new / old) if old else None,
            quotes=len(basket) - left_out, left_out=left_out,
        )  # fmt: skip
