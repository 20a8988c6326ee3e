"""All views projected from a long log, and rebuilt from it without a difference."""

from __future__ import annotations

import random
import resource
import time
from collections.abc import Iterator
from contextlib import closing
from decimal import Decimal
from itertools import islice

from msgspec.structs import replace

from consumers.movers.projector import step
from consumers.movers.rebuild import rebuild
from consumers.ports.store import StreamAppend
from domain.order.reports import (
    AdoptedLine,
    OperationCompleted,
    OperationStarted,
    OrderAdopted,
    OrderDelivered,
    PaymentRecorded,
)
from projections import discover
from tests.benchmarks.harness import Bench
from tests.trials.results import Progress

SEED, BATCH = 1, 200
PRODUCTS = ("shirt", "suit", "shoe")
WORK_CENTRES = ("cutting", "sewing", "finishing")


def rebuild_1m(progress: Progress) -> str:
    return _rebuild(1_000_000, progress)


def rebuild_10m(progress: Progress) -> str:
    return _rebuild(10_000_000, progress)


def _rebuild(total: int, progress: Progress) -> str:
    with closing(Bench()) as bench:
        appended = _append(bench, total, progress)
        projected = _project(bench, progress)
        rebuilt = _rebuild_views(bench, progress)
    megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return (
        f"{total:,} events and more: appended {appended:,.0f}/s, projected into all views "
        f"{projected:,.0f}/s, rebuilt {rebuilt:,.0f}/s, 0 rows differ; peak {megabytes:,.0f} MB"
    )


def appends(bench: Bench) -> Iterator[StreamAppend]:
    """Half stated preferences, half orders with their reports, of customers drawn at random."""
    dice = random.Random(SEED)
    facts = bench.facts(SEED)
    number = 0
    while True:
        if dice.random() < 0.5:
            yield next(facts)
            continue
        number += 1
        customer, subject = dice.choice(bench.customers), f"order/{number}"
        quantity, price = dice.randint(1, 9), Decimal(dice.randint(100, 9_999)) / 100
        line = AdoptedLine(line_id="L1", product=dice.choice(PRODUCTS), quantity=quantity,
                           unit_price=price)  # fmt: skip
        operation = {"operation_id": "O1", "line_id": "L1",
                     "work_centre": dice.choice(WORK_CENTRES)}  # fmt: skip
        amount = quantity * price
        reports = (
            OrderAdopted(lines=(line,), total=amount, currency="EUR", origin="till"),
            OperationStarted(**operation),
            OperationCompleted(**operation, quantity=quantity, run_s=dice.randint(60, 3_600)),
            PaymentRecorded(amount=amount, currency="EUR"),
            OrderDelivered(),
        )
        events = (replace(bench.event(customer, data), subject=subject) for data in reports)
        yield StreamAppend(subject, tuple(events))


def _append(bench: Bench, total: int, progress: Progress) -> float:
    """Appends until the store has `total` events; events a second."""
    bench.customers  # noqa: B018
    source, count, began = appends(bench), len(bench.customers), time.monotonic()
    first = count
    while count < total:
        batch = list(islice(source, BATCH))
        for answer in bench.deployment.store.append(batch):
            if isinstance(answer, Exception):
                raise answer
        count += sum(len(append.events) for append in batch)
        progress.show("appended", min(count, total), total)
    return (count - first) / (time.monotonic() - began)


def _project(bench: Bench, progress: Progress) -> float:
    """Brings all views up to the log; events a second."""
    heads = bench.deployment.log.heads()
    total, count, began = sum(heads.values()), 0, time.monotonic()
    projectors = bench.deployment.projectors()
    try:
        while step(projectors):
            count = min(sum(p.positions.values()) for p in projectors)
            progress.show("projected", count, total)
    finally:
        for projector in projectors:
            projector.close()
    assert not bench.deployment.progress.behind([p.group for p in projectors], heads)
    return total / (time.monotonic() - began)


def _rebuild_views(bench: Bench, progress: Progress) -> float:
    """Rebuilds all views and compares them with those that are shown; events a second."""
    views, log = list(discover().values()), bench.deployment.log
    total, count, began = sum(log.heads().values()), 0, time.monotonic()

    def add(events: int) -> None:
        nonlocal count
        count += events
        progress.show("rebuilt", min(count, total), total)

    with bench.deployment.builds(views, print) as builds:
        reports = list(rebuild(log, builds, on_progress=add))
    for report in reports:
        difference = report.difference
        assert report.switched, f"{report.view}: {difference.count} rows differ"
        assert difference.before == difference.after, report
    return total / (time.monotonic() - began)
