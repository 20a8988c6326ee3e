"""Smallest sets of items: those that are in conflict, and those to give up. Independent of solvers.

The answers follow from the order of the items and from yes and no alone, so they are the same
whatever a solver has learned from earlier questions.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Sequence
from typing import TypeVar

T = TypeVar("T")

EFFORT = 200
"""Sets that are examined: enough for all corrections of four separate conflicts of three items."""

EXTRA_ITEMS = 1
"""How many items more than the smallest a correction set may have."""


def minimal_subset(items: Sequence[T], holds: Callable[[Sequence[T]], bool]) -> list[T]:
    """Items for which `holds` is true, and false without any one of them, in their order.

    `holds` must be true of all items, and stay true as items are added. The algorithm is
    QuickXplain (U. Junker, AAAI 2004): for k of n items it calls `holds` about
    2k(1 + log2(n / k)) times.
    """

    def reduce(background: Sequence[T], candidates: Sequence[T], changed: bool) -> list[T]:
        """The candidates that are needed besides the background."""
        if changed and holds(background):
            return []
        if len(candidates) == 1:
            return list(candidates)
        half = len(candidates) // 2
        first, second = candidates[:half], candidates[half:]
        of_second = reduce([*background, *first], second, True)
        of_first = reduce([*background, *of_second], first, bool(of_second))
        return of_first + of_second

    return [] if holds([]) else reduce([], items, False)


def correction_sets(
    items: Sequence[T], conflict: list[T], possible: Callable[[Sequence[T]], bool], limit: int
) -> list[list[T]]:
    """Up to `limit` sets of items without which the other items are `possible`.

    The smallest come first, then those with one item more; no item of a set can be left out.
    `conflict` is a minimal set of items that is not possible; no items at all must be possible.

    A correction has an item of every conflict, so sets are built breadth first along the conflicts
    (R. Reiter, A Theory of Diagnosis from First Principles, 1987). Where `EFFORT` sets are not
    enough, there are many conflicts at once, and the answer is one set that is minimal, though it
    may not be the smallest.
    """
    corrections: list[frozenset[T]] = []
    conflicts = [conflict]
    queue: deque[frozenset[T]] = deque([frozenset()])
    seen = {frozenset[T]()}

    def without(removed: Collection[T]) -> list[T]:
        excluded = frozenset(removed)
        return [item for item in items if item not in excluded]

    for _ in range(EFFORT):
        if not queue or len(corrections) == limit:
            break
        removed = queue.popleft()
        if corrections and len(removed) > len(corrections[0]) + EXTRA_ITEMS:
            break
        if any(correction <= removed for correction in corrections):
            continue
        unsolved = next((c for c in conflicts if removed.isdisjoint(c)), None)
        if unsolved is None:
            if possible(without(removed)):
                corrections.append(removed)
                continue
            unsolved = minimal_subset(without(removed), lambda kept: not possible(kept))
            conflicts.append(unsolved)
        for larger in (removed | {item} for item in unsolved):
            if larger not in seen:
                seen.add(larger)
                queue.append(larger)
    if not corrections:
        return [minimal_subset(items, lambda removed: possible(without(removed)))]
    return [[item for item in items if item in correction] for correction in corrections]
