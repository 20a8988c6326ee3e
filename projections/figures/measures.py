"""Formulas that several figures use."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TypeVar

Money = dict[str, Decimal]
"""Exact sums, by currency."""
NO_CURRENCY = "XXX"
"""ISO 4217's code where there is none: an amount of which nobody said the currency."""
MOST = 50
"""Entries of a list that is there for examples; how many are left off stands beside it."""
Ranked = TypeVar("Ranked", int, Decimal, datetime)
_Z = 1.959964  # the normal distribution's two-sided 95 %


@dataclass(frozen=True, slots=True)
class Interval:
    low: float
    high: float


@dataclass(slots=True)
class Tally:
    """How many, and how much of a currency."""

    orders: int = 0
    amount: Decimal = Decimal(0)

    def add(self, amount: Decimal) -> None:
        self.orders += 1
        self.amount += amount


def money() -> defaultdict[str, Decimal]:
    return defaultdict(Decimal)


def shown(sums: defaultdict[str, Decimal]) -> Money:
    return dict(sorted(sums.items()))


def share(part: int, whole: int) -> float | None:
    """None where there is nothing to have a share of."""
    return part / whole if whole else None


def mean(values: Sequence[float]) -> float | None:
    return math.fsum(values) / len(values) if values else None


def wilson(successes: int, trials: int) -> Interval:
    """The 95 % score interval of a proportion (Wilson 1927, JASA 22); all of it without a trial.

    (p + z²/2n ± z √(p(1-p)/n + z²/4n²)) / (1 + z²/n)
    """
    if trials == 0:
        return Interval(0.0, 1.0)
    p, z2 = successes / trials, _Z**2
    centre = p + z2 / (2 * trials)
    spread = _Z * math.sqrt(p * (1 - p) / trials + z2 / (4 * trials**2))
    scale = 1 + z2 / trials
    low, high = (centre - spread) / scale, (centre + spread) / scale
    return Interval(min(p, max(0.0, low)), max(p, min(1.0, high)))  # rounding leaves p inside


def percentile(ordered: Sequence[float], percent: int) -> float | None:
    """By nearest rank: the least value that so many percent of all do not exceed."""
    return ordered[max(0, math.ceil(percent / 100 * len(ordered)) - 1)] if ordered else None


def quintile(ordered: Sequence[Ranked], value: Ranked) -> int:
    """1 for the lowest fifth of the ordered values to 5 for the highest; equals are together."""
    return 1 + 5 * bisect_left(ordered, value) // len(ordered)
