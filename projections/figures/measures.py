"""Formulas and sums that several figures use."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TypeVar

CurrencySums = dict[str, Decimal]
"""Exact sums by currency."""
NO_CURRENCY = "XXX"
"""The code of ISO 4217 for no currency: that of an amount whose currency is not known."""
LIST_LIMIT = 50
"""Entries of a list of examples. The number of further ones is a figure of its own."""
Ranked = TypeVar("Ranked", int, Decimal, datetime)
_Z = 1.959964  # the normal distribution's two-sided 95 %


@dataclass(frozen=True, slots=True)
class Interval:
    low: float
    high: float


@dataclass(slots=True)
class Tally:
    """A number of orders, and the sum of their amounts in one currency."""

    orders: int = 0
    amount: Decimal = Decimal(0)

    def add(self, amount: Decimal) -> None:
        self.orders += 1
        self.amount += amount


def new_sums() -> defaultdict[str, Decimal]:
    """Sums by currency, to be added to."""
    return defaultdict(Decimal)


def by_currency(sums: Mapping[str, Decimal]) -> CurrencySums:
    """The sums in the order of their currencies."""
    return dict(sorted(sums.items()))


def share(part: int, whole: int) -> float | None:
    """part / whole; None if the whole is 0."""
    return part / whole if whole else None


def mean(values: Sequence[float]) -> float | None:
    """The arithmetic mean; None without values."""
    return math.fsum(values) / len(values) if values else None


def wilson(successes: int, trials: int) -> Interval:
    """The 95 % score interval of a proportion (Wilson 1927, JASA 22); 0 to 1 without a trial.

    (p + z²/2n ± z √(p(1-p)/n + z²/4n²)) / (1 + z²/n), with p = successes / n and n = trials.
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
    """The percentile of ordered values by nearest rank: the value at rank ⌈percent/100 · n⌉.

    None without values.
    """
    return ordered[max(0, math.ceil(percent / 100 * len(ordered)) - 1)] if ordered else None


def quintile(ordered: Sequence[Ranked], value: Ranked) -> int:
    """The fifth of the ordered values that a value is in: 1 is the lowest, 5 the highest.

    Equal values are in the same fifth.
    """
    return 1 + 5 * bisect_left(ordered, value) // len(ordered)
