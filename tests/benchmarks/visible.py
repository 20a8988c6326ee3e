"""From an append to the row that shows it, at 500 events a second."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

from consumers.ports import StreamAppend
from tests.benchmarks.harness import Bench, Figure

RATE, EVENTS = 500, 5_000


def visible(bench: Bench) -> list[Figure]:
    environment = {"ORDERMADE_HOME": str(bench.home), "PATH": ""}
    projector = subprocess.Popen([sys.executable, "-m", "infra", "project"], env=environment)
    try:
        bench.app.drain(patience_s=120)
        waits = _waits(bench)
    finally:
        projector.terminate()
        projector.wait()
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


def _waits(bench: Bench) -> list[float]:
    """Milliseconds from before each append until a reader sees its row."""
    customers = bench.customers[:50]
    sent: dict[str, float] = {}
    waits: list[float] = []

    def look() -> None:
        rows = bench.admin.execute(
            "SELECT event_id::text FROM projection.audit_v1 WHERE event_id::text = ANY(%s)",
            [list(sent)],
        ).fetchall()
        now = time.perf_counter()
        waits.extend((now - sent.pop(id)) * 1000 for (id,) in rows)

    began = time.perf_counter()
    for n in range(EVENTS):
        while time.perf_counter() < began + n / RATE:
            look()
        said = bench.event(customers[n % len(customers)])
        sent[str(said.id)] = time.perf_counter()
        bench.app.store.append([StreamAppend(said.stream, (said,))])
    deadline = time.perf_counter() + 30
    while sent and time.perf_counter() < deadline:
        look()
    assert not sent
    return waits
