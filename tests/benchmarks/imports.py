"""The import of Online Retail: from a file to events that are stored, and its peak of memory."""

from __future__ import annotations

import csv
import statistics
import tempfile
import time
from collections.abc import Iterable
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

from infra.cli.importing import BATCH
from infra.imports.online_retail import online_retail
from tests.benchmarks.harness import Bench, Figure
from tests.benchmarks.memory import peak
from tests.independent.online_retail import SAMPLE, file, lines

LIMIT_MB = 400
PARTS, LINES = 3, 100_000  # for speed; memory is of the whole file
TIMES = 170  # the committed file so many times is as long as the real one


def imports(bench: Bench) -> list[Figure]:
    header, *text = _text()
    with tempfile.TemporaryDirectory() as folder:

        def written(name: str, some: Iterable[str]) -> Path:
            path = Path(folder) / name
            path.write_text("".join([header, *some]), encoding="utf-8")
            return path

        parts = [written(f"{n}.csv", text[n * LINES : (n + 1) * LINES]) for n in range(PARTS)]
        ours = statistics.median(_stored(bench, part) for part in parts)
        parsed = statistics.median(_parsed(part) for part in parts)
        whole = peak("online-retail", written("whole.csv", text), "fulfil")
        tenth = peak("online-retail", written("tenth.csv", text[: len(text) // 10]), "fulfil")
    assert whole < LIMIT_MB, f"{whole:.0f} MB at the peak of an import"
    return [
        Figure("import", ours, parsed, "events/s"),
        Figure("import-memory", whole, tenth, "MB", at_most=1.5),
    ]


def _text() -> list[str]:
    """The real file; else the committed one many times, each time with invoices of its own."""
    if file() != SAMPLE:
        return lines(file())
    header, *rest = lines(SAMPLE)
    return [header, *(f"{row[0]}{n}-{row[1:]}" for n in range(TIMES) for row in rest)]


def _stored(bench: Bench, part: Path) -> float:
    """Through the gate, as the command does it; what the views take is another figure."""
    gate = bench.deployment.gate(["fulfil", "analyse"])
    began = time.perf_counter()
    with part.open("rb") as opened:
        read = online_retail(opened)
        while batch := [line.message for line in islice(read, BATCH)]:
            gate.accept([m for m in batch if isinstance(m, bytes)], datetime.now(UTC))
    return LINES / (time.perf_counter() - began)


def _parsed(part: Path) -> float:
    began = time.perf_counter()
    with part.open(encoding="utf-8", newline="") as opened:
        count = sum(1 for _ in csv.DictReader(opened))
    return count / (time.perf_counter() - began)
