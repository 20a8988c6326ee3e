"""From an append to the row that shows it, at 500 events a second."""

from __future__ import annotations

import statistics
import subprocess
import sys
import threading
import time

import psycopg

from consumers.movers.relay import GROUP
from consumers.ports.store import StreamAppend
from tests.benchmarks.harness import Bench, Figure
from tests.waiting import until

RATE, EVENTS = 500, 5_000


def visible(bench: Bench) -> list[Figure]:
    waits = waits_with(bench, "project")
    bench.admin.execute("CREATE TABLE peer_commit (n int)")
    commits = []
    for n in range(500):
        began = time.perf_counter()
        bench.admin.execute("INSERT INTO peer_commit VALUES (%s)", [n])
        commits.append((time.perf_counter() - began) * 1000)
    figures = []
    for name, k in (("p50", 50), ("p99", 99)):
        mine, peer = (statistics.quantiles(x, n=100)[k - 1] for x in (waits, commits))
        figures.append(Figure(f"visible-{name}", mine, peer, "ms"))
    return figures


def waits_with(bench: Bench, *commands: str, **more: str) -> list[float]:
    """What `_waits` says, with these processes running."""
    environment = {"ORDERMADE_HOME": str(bench.home), "PATH": "", **more}
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
        bench.deployment.drain(patience_s=120)
        return _waits(bench, customers)
    finally:
        for process in running:
            process.terminate()
            process.wait()


def _waits(bench: Bench, customers: list[str]) -> list[float]:
    """Milliseconds from before each append until a reader sees its row."""
    partitions = list(range(bench.deployment.store.partitions))
    sent: dict[str, float] = {}
    waits: list[float] = []
    done = threading.Event()

    def look() -> None:
        query = "SELECT key FROM projection.audit_v1 WHERE partition = ANY(%s) AND key = ANY(%s)"
        with psycopg.connect(bench.deployment.url, autocommit=True) as reader:
            while not (done.is_set() and not sent):
                rows = reader.execute(query, [partitions, list(sent)], prepare=True).fetchall()
                now = time.perf_counter()
                waits.extend((now - sent.pop(id)) * 1000 for (id,) in rows)
                time.sleep(0.001)

    looking = threading.Thread(target=look)
    looking.start()
    began = time.perf_counter()
    for n in range(EVENTS):
        time.sleep(max(0, began + n / RATE - time.perf_counter()))
        said = bench.event(customers[n % len(customers)])
        sent[str(said.id)] = time.perf_counter()
        bench.deployment.store.append([StreamAppend(said.stream, (said,))])
    rate = EVENTS / (time.perf_counter() - began)
    done.set()
    looking.join(60)
    assert not sent
    assert rate > 0.9 * RATE, f"only {rate:.0f} events/s were written"
    return waits
