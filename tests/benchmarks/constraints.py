"""Checks of a car of 500 options and 2,000 rules, against python-sat's `solve` alone.

The peer has the same clauses, with every rule switched on, and solves under the same assumptions.
All is processor time of one thread, which other processes of the machine hardly change.
"""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial

from pysat.solvers import Solver

from domain.book.book import Selection
from domain.configuration.constraints import check
from domain.configuration.encoding import Encoding, encode
from domain.configuration.solvers import SOLVER
from tests.benchmarks.harness import Bench, in_turn
from tests.benchmarks.results import Figure, at_least, at_most
from tests.data.car import built, car

INVALID, CHANGED = 600, 3
"""How many invalid cars are checked, and how many parts at most are changed to make one."""


def constraints(bench: Bench) -> Iterator[Figure]:
    """Whole cars that keep the rules."""
    ours, peer = in_turn(lambda: 1 / _check_s(500), lambda: 1 / _solve_s(500))
    yield Figure("constraints", ours, peer, "checks/s", at_least(0.2))


def conflict(bench: Bench) -> Iterator[Figure]:
    """The 99th percentile of answers that name a minimal conflict and its repairs."""
    times = [_processor_s(partial(check, car(), invalid)) for invalid in _invalid_cars()]
    p99 = statistics.quantiles(times, n=100)[98]
    median = f"median {statistics.median(times) * 1e6:,.0f} µs"
    yield Figure("conflict", p99 * 1e6, _solve_s(500) * 1e6, "µs", at_most(500), note=median)


def growth_check(bench: Bench) -> Iterator[Figure]:
    """A check at 500 options and 2,000 rules against one at 50 and 200."""
    ours, peer = in_turn(lambda: _check_s(500) * 1e6, lambda: _check_s(50) * 1e6)
    yield Figure("growth-check", ours, peer, "µs", note="500 options; 50")


def _check_s(options: int) -> float:
    """Seconds of a check, averaged over all cars."""
    book, cars = car(options, 4 * options), built(options)
    assert all(check(book, selection, whole=True).valid for selection in cars)
    return _processor_s(
        lambda: [check(book, selection, whole=True) for selection in cars]
    ) / len(cars)  # fmt: skip


def _solve_s(options: int) -> float:
    """Seconds of a solve, averaged over all cars."""
    encoding = encode(car(options, 4 * options))
    cars = [_literals(encoding, selection) for selection in built(options)]
    clauses = encoding.clauses + [[selector] for selector in encoding.selectors]
    with Solver(SOLVER, bootstrap_with=clauses) as solver:
        assert all(solver.solve(assumptions=literals) for literals in cars)
        return _processor_s(
            lambda: [solver.solve(assumptions=literals) for literals in cars]
        ) / len(cars)  # fmt: skip


def _literals(encoding: Encoding, selection: Selection) -> list[int]:
    """A whole car as assumptions: what is chosen, at which stage, and that nothing else is."""
    literals = [encoding.product.literal(selection.product)]
    for name, domain in encoding.options.items():
        value = selection.options.get(name)
        literals.append(-domain.chosen if value is None else domain.literal(value))
        if value is not None and name in encoding.stages:
            literals.append(encoding.stages[name][domain.option.stage])
    return literals


def _invalid_cars() -> list[Selection]:
    """Valid cars in which some parts are changed at random, so that a rule is broken."""
    dice = random.Random(7)
    parts = [option for option in car().options if option.values]
    cars: list[Selection] = []
    while len(cars) < INVALID:
        valid = dice.choice(built())
        changed = dice.sample(parts, dice.randint(1, CHANGED))
        options = valid.options | {part.option: dice.choice(part.values) for part in changed}
        candidate = replace(valid, options=options)
        if not check(car(), candidate).valid:
            cars.append(candidate)
    return cars


def _processor_s(work: Callable[[], object]) -> float:
    """Seconds of processor time that one call takes."""
    began = time.process_time()
    work()
    return time.process_time() - began
