"""All views rebuilt from the store, against the same folds of the same events in memory."""

from __future__ import annotations

import time

from consumers.movers.rebuild import rebuild as rebuilt
from projections import discover
from tests.benchmarks.harness import Bench, Figure, in_turn

EVENTS, PAGE = 100_000, 10_000


def rebuild(bench: Bench) -> Figure:
    """With the comparison and the switch in the time; the peer reads and decodes nothing."""
    facts = bench.facts(7)
    while sum(bench.deployment.log.heads().values()) < EVENTS:
        bench.deployment.store.append([next(facts) for _ in range(500)])
    log, views = bench.deployment.log, list(discover().values())
    for projector in bench.deployment.projectors():
        projector.drain()
        projector.close()
    pages = ((p, after) for p, last in log.heads().items() for after in range(0, last, PAGE))
    events = [event for p, after in pages for event in log.read(p, after, PAGE)]

    def ours() -> float:
        began = time.perf_counter()
        with bench.deployment.builds(views, print) as builds:
            done = list(rebuilt(log, builds))
        took = time.perf_counter() - began
        assert all(each.switched for each in done)
        assert {each.view: each.difference.after for each in done} == rows
        return len(events) / took

    def peer() -> float:
        began = time.perf_counter()
        for view in views:
            rows[view.name] = len(view.fold(events))
        return len(events) / (time.perf_counter() - began)

    rows: dict[str, int] = {}
    peer()
    mine, folded = in_turn(ours, peer, rounds=3)
    return Figure("rebuild", mine, folded, "events/s", at_least=0.2)
