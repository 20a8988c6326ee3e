"""Figures of the view `loyalty`: who comes back, and what they would have to rebuild elsewhere."""

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
"""ρ₀: after so many uses of a content, 63 % of the work in it would be missed (1 - 1/e)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RfmScore:
    """How recently, how often and for how much a customer bought in one currency.

    `score` has a digit for each, in this order: 5 is the best fifth, 1 the last, of all customers
    who bought in the currency (Hughes 1994, Strategic Database Marketing).
    """

    customer: str
    currency: str
    recency_days: int
    frequency: int
    monetary: Decimal
    score: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Cohort:
    """The customers whose first order was in one month.

    `active` counts those who ordered in that month, in the next one, and so on; `retention` are
    the same numbers as shares of the cohort.
    """

    month: str
    customers: int
    active: tuple[int, ...]
    retention: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RebuildEffort:
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
    rfm: Annotated[tuple[RfmScore, ...], "How recently, how often and for how much did each buy?"]
    rebuild: Annotated[tuple[RebuildEffort, ...], "Who would have to rebuild how much elsewhere?"]


def figures(rows: Iterable[LoyaltyRow], now: datetime) -> LoyaltyFigures:
    customers = repeat = orders = 0
    totals: defaultdict[tuple[str, str], Tally] = defaultdict(Tally)
    latest: dict[tuple[str, str], datetime] = {}
    cohorts: defaultdict[int, Counter[int]] = defaultdict(Counter)
    rebuild = []
    for row in rows:
        if row.contents:
            seconds = math.fsum(map(rebuild_seconds, row.contents))
            effort = RebuildEffort(customer=row.customer, items=len(row.contents), seconds=seconds)
            rebuild.append(effort)
        if not row.purchases:
            continue
        customers += 1
        orders += len(row.purchases)
        repeat += len(row.purchases) > 1
        months = {_month(p.at) for p in row.purchases}
        cohorts[min(months)].update(month - min(months) for month in months)
        for purchase in row.purchases:
            key = row.customer, purchase.currency or NO_CURRENCY
            totals[key].add(purchase.amount)
            latest[key] = max(purchase.at, latest.get(key, purchase.at))
    return LoyaltyFigures(
        customers=customers,
        repeat_customers=repeat,
        repeat_rate=share(repeat, customers),
        orders=orders,
        rebuild_s=math.fsum(r.seconds for r in rebuild),
        cohorts=tuple(_cohort(month, cohorts[month]) for month in sorted(cohorts)),
        rfm=_rfm(totals, latest, now),
        rebuild=tuple(sorted(rebuild, key=lambda r: (-r.seconds, r.customer))),
    )


def rebuild_seconds(content: Content) -> float:
    """The work that would be missed elsewhere: effort · (1 - portable) · (1 - e^(-reused/ρ₀)).

    It grows with use and ends at the part of the effort that cannot be taken along.
    """
    missed = 1 - math.exp(-content.reused / RHO_0)
    return content.effort_s * (1 - content.portable) * missed


def _month(at: datetime) -> int:
    """The number of the month since year 0, in UTC."""
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
    totals: dict[tuple[str, str], Tally], latest: dict[tuple[str, str], datetime], now: datetime
) -> tuple[RfmScore, ...]:
    """The scores by currency and customer; the keys of both arguments are customer and currency."""
    by_currency: defaultdict[str, list[tuple[str, str]]] = defaultdict(list)
    for key in totals:
        by_currency[key[1]].append(key)
    scores = []
    for currency, keys in sorted(by_currency.items()):
        recency = sorted(latest[k] for k in keys)
        frequency = sorted(totals[k].orders for k in keys)
        monetary = sorted(totals[k].amount for k in keys)
        for key in sorted(keys):
            total = totals[key]
            digits = (
                quintile(recency, latest[key]),
                quintile(frequency, total.orders),
                quintile(monetary, total.amount),
            )
            scores.append(
                RfmScore(
                    customer=key[0],
                    currency=currency,
                    recency_days=(now - latest[key]).days,
                    frequency=total.orders,
                    monetary=total.amount,
                    score="".join(map(str, digits)),
                )
            )
    return tuple(scores)
