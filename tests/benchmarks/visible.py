"""The time from an append to the row that shows it, at 500 events a second."""

from __future__ import annotations

import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence

import psycopg

from consumers.movers.relay import GROUP
from consumers.ports.store import StreamAppend
from tests.benchmarks.harness import Bench
from tests.benchmarks.results import Figure, at_most
from tests.waiting import until

RATE, EVENTS, COMMITS = 500, 5_000, 500


def visible(bench: Bench) -> Iterator[Figure]:
    """Against a single commit."""
    waits = waits_ms(bench, "project")
    bench.admin.execute("CREATE TABLE peer_commit (n int)")
    commits = []
    for n in range(COMMITS):
        began = time.perf_counter()
        bench.admin.execute("INSERT INTO peer_commit VALUES (%s)", [n])
        commits.append((time.perf_counter() - began) * 1000)
    yield from percentiles("visible", waits, commits, (5, 20))


def percentiles(
    name: str, ours: Sequence[float], peer: Sequence[float], targets_ms: tuple[float, float]
) -> Iterator[Figure]:
    """The median and the 99th percentile of milliseconds, each with its target."""
    for percent, target in zip((50, 99), targets_ms, strict=True):
        values = (statistics.quantiles(times, n=100)[percent - 1] for times in (ours, peer))
        yield Figure(f"{name}-p{percent}", *values, "ms", target=at_most(target))


def waits_ms(bench: Bench, *commands: str, **settings: str) -> list[float]:
    """How long each of `EVENTS` appends took to be visible while these commands ran."""
    environment = {"ORDERMADE_HOME": str(bench.home), "PATH": "", **settings}
    running = [
        subprocess.Popen([sys.executable, "-m", "infra", command], env=environment)
        for command in commands
    ]
    try:
        customers = bench.customers[:50]
        groups = [
            *bench.deployment.views.live().values(),
            *([GROUP] if "relay" in commands else []),
        ]
        until(lambda: all(bench.deployment.progress.members([group]) for group in groups))
        assert bench.deployment.drain(patience_s=120), "the views do not catch up"
        return _append_and_watch(bench, customers)
    finally:
        for process in running:
            process.terminate()
            process.wait()


def _append_and_watch(bench: Bench, customers: list[str]) -> list[float]:
    """Milliseconds from before each append until a reader sees the event's row."""
    partitions = list(range(bench.deployment.store.partitions))
    pending: dict[str, float] = {}
    waits: list[float] = []
    appended = threading.Event()

    def watch() -> None:
        query = "SELECT key FROM projection.audit_v1 WHERE partition = ANY(%s) AND key = ANY(%s)"
        with psycopg.connect(bench.deployment.url, autocommit=True) as reader:
            while not (appended.is_set() and not pending):
                rows = reader.execute(query, [partitions, list(pending)], prepare=True).fetchall()
                now = time.perf_counter()
                waits.extend((now - pending.pop(id)) * 1000 for (id,) in rows)
                time.sleep(0.001)

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    began = time.perf_counter()
    for n in range(EVENTS):
        time.sleep(max(0, began + n / RATE - time.perf_counter()))
        event = bench.event(customers[n % len(customers)])
        pending[str(event.id)] = time.perf_counter()
        bench.deployment.store.append([StreamAppend(event.stream, (event,))])
    rate = EVENTS / (time.perf_counter() - began)
    appended.set()
    watcher.join(60)
    assert not pending, f"{len(pending)} events are not visible after a minute"
    if rate < 0.9 * RATE:
        print(f"  only {rate:.0f} events/s were appended, not {RATE}: the machine is too busy")
    return waits
