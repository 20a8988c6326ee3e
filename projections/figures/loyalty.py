"""Who comes back, and what they would have to rebuild elsewhere."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated

from projections.figures.measures import NO_CURRENCY, Tally, quintile, share
from projections.loyalty import Content, LoyaltyRow

RHO_0 = 3.0
"""Uses of a piece of content after which 63 % of the work in it would be missed (1 - 1/e)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Triple:
    """`score` has a digit each for recency, frequency and money: 5 is the best fifth, 1 the last.

    The fifths are those of all customers who bought in the currency (Hughes 1994, Strategic
    Database Marketing).
    """

    customer: str
    currency: str
    recency_days: int
    frequency: int
    monetary: Decimal
    score: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Cohort:
    """`active` counts those who ordered in the month of their first order, the one after, …"""

    month: str
    customers: int
    active: tuple[int, ...]
    retention: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rebuild:
    customer: str
    items: int
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class LoyaltyFigures:
    customers: Annotated[int, "How many customers have bought something?"]
    repeat_customers: Annotated[int, "How many of them have two orders or more?"]
    repeat_rate: Annotated[float | None, "What share is that?"]
    orders: Annotated[int, "How many orders do they have?"]
    rebuild_s: Annotated[float, "How many seconds of work would all customers have to do again?"]
    cohorts: Annotated[
        tuple[Cohort, ...], "Of those who first ordered in a month (UTC), who ordered later on?"
    ]
    rfm: Annotated[tuple[Triple, ...], "How recently, how often and for how much did each buy?"]
    rebuild: Annotated[tuple[Rebuild, ...], "Who would have to rebuild how much elsewhere?"]


def figures(rows: Iterable[LoyaltyRow], now: datetime) -> LoyaltyFigures:
    customers = repeat = orders = 0
    bought: defaultdict[tuple[str, str], Tally] = defaultdict(Tally)
    latest: dict[tuple[str, str], datetime] = {}
    cohorts: defaultdict[int, Counter[int]] = defaultdict(Counter)
    rebuild = []
    for row in rows:
        if row.contents:
            seconds = math.fsum(map(to_rebuild, row.contents))
            rebuild.append(Rebuild(customer=row.customer, items=len(row.contents), seconds=seconds))
        if not row.purchases:
            continue
        customers += 1
        orders += len(row.purchases)
        repeat += len(row.purchases) > 1
        months = {_month(p.at) for p in row.purchases}
        cohorts[min(months)].update(month - min(months) for month in months)
        for purchase in row.purchases:
            key = row.customer, purchase.currency or NO_CURRENCY
            bought[key].add(purchase.amount)
            latest[key] = max(purchase.at, latest.get(key, purchase.at))
    return LoyaltyFigures(
        customers=customers,
        repeat_customers=repeat,
        repeat_rate=share(repeat, customers),
        orders=orders,
        rebuild_s=math.fsum(r.seconds for r in rebuild),
        cohorts=tuple(_cohort(month, cohorts[month]) for month in sorted(cohorts)),
        rfm=_rfm(bought, latest, now),
        rebuild=tuple(sorted(rebuild, key=lambda r: (-r.seconds, r.customer))),
    )


def to_rebuild(content: Content) -> float:
    """Seconds: effort · (1 - portable) · (1 - e^(-reuse/ρ₀)), see domain.md."""
    missed = 1 - math.exp(-content.reused / RHO_0)
    return content.effort_s * (1 - content.portable) * missed


def _month(at: datetime) -> int:
    at = at.astimezone(UTC)
    return at.year * 12 + at.month - 1


def _cohort(month: int, active: Counter[int]) -> Cohort:
    counts = tuple(active[offset] for offset in range(max(active) + 1))
    return Cohort(
        month=f"{month // 12}-{month % 12 + 1:02}",
        customers=counts[0],
        active=counts,
        retention=tuple(count / counts[0] for count in counts),
    )


def _rfm(
    bought: dict[tuple[str, str], Tally], latest: dict[tuple[str, str], datetime], now: datetime
) -> tuple[Triple, ...]:
    by_currency: defaultdict[str, list[tuple[str, str]]] = defaultdict(list)
    for key in bought:
        by_currency[key[1]].append(key)
    triples = []
    for currency, keys in sorted(by_currency.items()):
        recency = sorted(latest[k] for k in keys)
        frequency = sorted(bought[k].orders for k in keys)
        monetary = sorted(bought[k].amount for k in keys)
        for key in sorted(keys):
            tally = bought[key]
            scores = (
                quintile(recency, latest[key]),
                quintile(frequency, tally.orders),
                quintile(monetary, tally.amount),
            )
            triples.append(
                Triple(
                    customer=key[0],
                    currency=currency,
                    recency_days=(now - latest[key]).days,
                    frequency=tally.orders,
                    monetary=tally.amount,
                    score="".join(map(str, scores)),
                )
            )
    return tuple(triples)
