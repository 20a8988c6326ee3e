"""What a bench has measured: figures and failures, each written as soon as it is known."""

from __future__ import annotations

import json
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeVar

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True)
class Bound:
    """The least that a number may be, or the most."""

    limit: float
    lowest: bool

    def holds(self, number: float) -> bool:
        return number >= self.limit if self.lowest else number <= self.limit

    def __str__(self) -> str:
        return f"{'≥' if self.lowest else '≤'} {self.limit:,g}"


def at_least(limit: float) -> Bound:
    return Bound(limit, lowest=True)


def at_most(limit: float) -> Bound:
    return Bound(limit, lowest=False)


@dataclass(frozen=True)
class Figure:
    """A measurement of ordermade beside one of its peer, both in `unit`.

    `bound` is on the ratio of the two, which holds on any machine: a miss fails the bench.
    `target` is on `ours`, which depends on the machine: a miss is only marked.
    """

    name: str
    ours: float
    peer: float
    unit: str
    bound: Bound | None = None
    target: Bound | None = None
    note: str = ""

    @property
    def ratio(self) -> float:
        return self.ours / self.peer

    @property
    def misses_bound(self) -> bool:
        return self.bound is not None and not self.bound.holds(self.ratio)

    @property
    def misses_target(self) -> bool:
        return self.target is not None and not self.target.holds(self.ours)

    def as_json(self) -> dict[str, object]:
        return {
            "name": self.name,
            "ours": self.ours,
            "peer": self.peer,
            "unit": self.unit,
            "ratio": self.ratio,
            "bound": self.bound and str(self.bound),
            "misses_bound": self.misses_bound,
            "target": self.target and str(self.target),
            "misses_target": self.misses_target,
            "note": self.note,
        }

    def cells(self) -> list[str]:
        """The row of the table, below `COLUMNS`."""
        return [
            self.name,
            f"{_rounded(self.ours)} {self.unit}",
            f"{_rounded(self.peer)} {self.unit}",
            f"{self.ratio:,.2f}",
            _marked(self.bound, self.misses_bound),
            _marked(self.target, self.misses_target),
        ]


COLUMNS = "name", "ours", "peer", "ratio", "bound", "target"


def _rounded(number: float) -> str:
    """Three significant digits, or whole numbers with their thousands marked."""
    return f"{number:,.0f}" if number >= 100 else f"{number:.3g}"


def _marked(bound: Bound | None, misses: bool) -> str:
    return "" if bound is None else f"{bound} MISSED" if misses else str(bound)


class Results:
    """The figures and failures of a bench, in `file` (JSON) and on the console."""

    def __init__(self, file: Path, console: Console) -> None:
        self._file, self._console = file, console
        self.figures: list[Figure] = []
        self.failures: dict[str, str] = {}
        """The error of each benchmark that failed."""

    def begin(self, name: str) -> None:
        self._console.print(f"{name} …")

    def add(self, figure: Figure) -> None:
        self.figures.append(figure)
        self._write()
        name, ours, peer, ratio, bound, target = figure.cells()
        parts = [f"{ours}, peer {peer}, ratio {ratio}", bound and f"bound {bound}",
                 target and f"target {target}", figure.note]  # fmt: skip
        self._console.print(f"  {name}: {', '.join(filter(None, parts))}", soft_wrap=True)

    def fail(self, name: str, error: Exception) -> None:
        self.failures[name] = f"{type(error).__name__}: {error}"
        self._write()
        traceback.print_exception(error)
        self._console.print(f"  failed: {self.failures[name]}", soft_wrap=True, markup=False)

    def summarize(self) -> bool:
        """Prints all figures and failures. Returns whether everything ran and kept its bound."""
        table = Table(*COLUMNS)
        for figure in self.figures:
            table.add_row(*figure.cells())
        if self.figures:
            self._console.print(table)
        misses = [f.name for f in self.figures if f.misses_bound]
        if misses:
            self._console.print(f"Bound missed: {', '.join(misses)}.")
        for name, error in self.failures.items():
            self._console.print(f"{name} failed: {error}", soft_wrap=True, markup=False)
        return not (misses or self.failures)

    def _write(self) -> None:
        entries = [
            *(figure.as_json() for figure in self.figures),
            *({"name": name, "error": error} for name, error in self.failures.items()),
        ]
        # Replaced whole: an interrupt leaves the file before or the file after.
        new = self._file.with_suffix(".new")
        new.write_text(json.dumps(entries, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        new.replace(self._file)


class Deployed(Protocol):
    """What benchmarks are run on."""

    def checkpoint(self) -> None:
        """Finishes the background work that the benchmark before left."""
        ...

    def close(self) -> None: ...


Bench = TypeVar("Bench", bound=Deployed)


def measure(
    benchmarks: Mapping[str, Callable[[Bench], Iterator[Figure]]],
    deploy: Callable[[], Bench],
    results: Results,
) -> None:
    """Runs each benchmark. All share a deployment; after a failure the next one gets a new one."""
    bench: Bench | None = None
    try:
        for name, benchmark in benchmarks.items():
            results.begin(name)
            try:
                bench = bench or deploy()
                bench.checkpoint()
                for figure in benchmark(bench):
                    results.add(figure)
            except Exception as error:
                results.fail(name, error)
                if bench:
                    with suppress(Exception):  # the failure may have left it broken
                        bench.close()
                    bench = None
    finally:
        if bench:
            bench.close()
