"""The import of Online Retail: how fast events are stored from a file, and its peak of memory."""

from __future__ import annotations

import csv
import statistics
import tempfile
import time
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

from infra.cli.importing import BATCH
from infra.imports.online_retail import parse_invoices
from tests.benchmarks.harness import Bench
from tests.benchmarks.memory import peak_mb
from tests.benchmarks.results import Figure, at_most
from tests.independent.online_retail import SAMPLE, file, lines

PARTS, LINES = 3, 100_000  # for speed; memory is measured on the whole file
COPIES = 170  # of the committed file are as long as the real one


def imports(bench: Bench) -> Iterator[Figure]:
    header, *text = _text()
    with tempfile.TemporaryDirectory() as folder:

        def written(name: str, part: Iterable[str]) -> Path:
            path = Path(folder) / name
            path.write_text("".join([header, *part]), encoding="utf-8")
            return path

        parts = [written(f"{n}.csv", text[n * LINES : (n + 1) * LINES]) for n in range(PARTS)]
        ours = statistics.median(_stored(bench, part) for part in parts)
        peer = statistics.median(_parsed(part) for part in parts)
        yield Figure("import", ours, peer, "events/s", note="the peer only parses the file")
        whole = peak_mb("online-retail", written("whole.csv", text), "fulfil")
        tenth = peak_mb("online-retail", written("tenth.csv", text[: len(text) // 10]), "fulfil")
        yield Figure("import-memory", whole, tenth, "MB", at_most(1.5), target=at_most(400))


def _text() -> list[str]:
    """The lines of the real file; else of the committed one many times, with other invoices."""
    if file() != SAMPLE:
        return lines(file())
    header, *rest = lines(SAMPLE)
    return [header, *(f"{row[0]}{n}-{row[1:]}" for n in range(COPIES) for row in rest)]


def _stored(bench: Bench, part: Path) -> float:
    """Lines a second through the gate, as the command takes them in; no view is folded."""
    gate = bench.deployment.gate(["fulfil", "analyse"])
    began = time.perf_counter()
    with part.open("rb") as opened:
        read = parse_invoices(opened)
        while batch := [line.message for line in islice(read, BATCH)]:
            gate.accept([m for m in batch if isinstance(m, bytes)], datetime.now(UTC))
    return LINES / (time.perf_counter() - began)


def _parsed(part: Path) -> float:
    """Lines a second of `csv.DictReader`."""
    began = time.perf_counter()
    with part.open(encoding="utf-8", newline="") as opened:
        count = sum(1 for _ in csv.DictReader(opened))
    return count / (time.perf_counter() - began)
