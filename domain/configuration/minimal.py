"""Smallest sets: of what is in conflict, and of what to withdraw. Knows nothing of solvers.

The answers follow from the order of the items and from yes and no alone, so a solver that has
learned from other questions gives the same ones.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Sequence
from typing import TypeVar

T = TypeVar("T")

EFFORT = 200
"""Sets that are looked at: enough for all ways out of four separate conflicts of three items."""


FURTHER = 1
"""A set is near if it has at most so many items more than the smallest."""


def minimal(items: Sequence[T], holds: Callable[[Sequence[T]], bool]) -> list[T]:
    """Items for which `holds`, but not without any one of them; in their order.

    `holds` must be true of all items, and stay true as items are added. QuickXplain (U. Junker,
    AAAI 2004): for k of n items about 2k(1 + log2(n / k)) questions.
    """

    def part(given: Sequence[T], asked: Sequence[T], news: bool) -> list[T]:
        if news and holds(given):
            return []
        if len(asked) == 1:
            return list(asked)
        first, second = asked[: len(asked) // 2], asked[len(asked) // 2 :]
        of_second = part([*given, *first], second, True)
        of_first = part([*given, *of_second], first, bool(of_second))
        return of_first + of_second

    return [] if holds([]) else part([], items, False)


def corrections(
    items: Sequence[T], conflict: list[T], possible: Callable[[Sequence[T]], bool], most: int
) -> list[list[T]]:
    """Up to `most` sets of items without which the others are `possible`: the smallest first, then
    the near ones, and none from which an item could be left out. No items at all must be possible;
    `conflict` is a minimal set of items that is not.

    Each way out has an item of every conflict, so they are searched breadth first along conflicts
    (R. Reiter, A Theory of Diagnosis from First Principles, 1987). If `EFFORT` finds none, there
    are many conflicts at once; then one set is given, from which no item can be left out.
    """
    found: list[frozenset[T]] = []
    conflicts = [conflict]
    waiting: deque[frozenset[T]] = deque([frozenset()])
    seen = {frozenset[T]()}

    def rest(gone: Collection[T]) -> list[T]:
        without = frozenset(gone)
        return [item for item in items if item not in without]

    for _ in range(EFFORT):
        if not waiting or len(found) == most:
            break
        gone = waiting.popleft()
        if found and len(gone) > len(found[0]) + FURTHER:
            break
        if any(way <= gone for way in found):
            continue
        unmet = next((c for c in conflicts if gone.isdisjoint(c)), None)
        if unmet is None:
            if possible(rest(gone)):
                found.append(gone)
                continue
            unmet = minimal(rest(gone), lambda kept: not possible(kept))
            conflicts.append(unmet)
        for further in (gone | {item} for item in unmet):
            if further not in seen:
                seen.add(further)
                waiting.append(further)
    if not found:
        return [minimal(items, lambda gone: possible(rest(gone)))]
    return [[item for item in items if item in way] for way in found]
