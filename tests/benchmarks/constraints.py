"""Checks of a car of 500 options and 2,000 rules; the peer is python-sat's `solve` by itself.

It has the same clauses, with every rule switched on, and is asked under the same assumptions. All
of it is processor time in one thread, so that others on the machine count little.
"""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Callable
from dataclasses import replace

from pysat.solvers import Solver

from domain.book.book import Selection
from domain.configuration.constraints import check
from domain.configuration.encoding import Encoding, encode
from domain.configuration.solvers import SOLVER
from tests.benchmarks.harness import Bench, Figure, in_turn
from tests.data.car import built, car

BROKEN, WRONG = 600, 3
"""So many cars, in each of which up to `WRONG` parts are changed at random."""


def constraints(bench: Bench) -> Figure:
    """Whole cars that keep the rules."""
    ours, peer = in_turn(lambda: 1 / _checking(500), lambda: 1 / _solving(500))
    return Figure("constraints", ours, peer, "checks/s", at_least=0.2)


def conflict(bench: Bench) -> Figure:
    """The 99th percentile of answers with a minimal conflict and its repairs."""
    took = sorted(_once(lambda made=made: check(car(), made)) for made in _broken())
    worst = statistics.quantiles(took, n=100)[98]
    said = f"the median: {statistics.median(took) * 1e6:,.0f} µs"
    return Figure("conflict", worst * 1e6, _solving(500) * 1e6, "µs", at_most=500, said=said)


def growth(bench: Bench) -> Figure:
    """A check at 500 options and 2,000 rules against one at 50 and 200."""
    ours, peer = in_turn(lambda: _checking(500) * 1e6, lambda: _checking(50) * 1e6)
    return Figure("growth of a check", ours, peer, "µs")


def _checking(options: int) -> float:
    """Seconds of a check."""
    book, cars = car(options, 4 * options), built(options)
    assert all(check(book, made, whole=True).valid for made in cars)
    return _once(lambda: [check(book, made, whole=True) for made in cars]) / len(cars)


def _solving(options: int) -> float:
    """Seconds of a solve."""
    book = car(options, 4 * options)
    known = encode(book)
    asked = [_literals(known, made) for made in built(options)]
    with Solver(SOLVER, bootstrap_with=known.clauses + [[s] for s in known.selectors]) as solver:
        assert all(solver.solve(assumptions=one) for one in asked)
        return _once(lambda: [solver.solve(assumptions=one) for one in asked]) / len(asked)


def _literals(known: Encoding, made: Selection) -> list[int]:
    """A whole car: what is chosen, when, and that nothing else is."""
    asked = [known.product.literal(made.product)]
    for name, domain in known.options.items():
        value = made.options.get(name)
        asked.append(-domain.chosen if value is None else domain.literal(value))
        if value is not None and name in known.at:
            asked.append(known.at[name][domain.option.stage])
    return asked


def _broken() -> list[Selection]:
    dice = random.Random(7)
    parts = [option for option in car().options if option.values]
    found: list[Selection] = []
    while len(found) < BROKEN:
        made = dice.choice(built())
        wrong = dice.sample(parts, dice.randint(1, WRONG))
        options = made.options | {part.option: dice.choice(part.values) for part in wrong}
        if not check(car(), broken := replace(made, options=options)).valid:
            found.append(broken)
    return found


def _once(work: Callable[[], object]) -> float:
    """Seconds of processor time."""
    began = time.process_time()
    work()
    return time.process_time() - began
