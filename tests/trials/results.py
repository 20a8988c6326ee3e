"""The progress of a trial on the terminal, and the table of the results of all trials."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

HEAD = """\
# Trials

`make trials` runs what takes too long for `make test`. A row is of the last run of its trial, which
says what it measured and has checked the rest, or ends with the error that stopped it.

| trial | run on | minutes | result |
|---|---|---:|---|
"""


class Progress:
    """Prints how far a trial is, at most one line in `every_s` seconds."""

    def __init__(self, every_s: float = 10.0, clock: Callable[[], float] = time.monotonic) -> None:
        self._every_s, self._clock = every_s, clock
        self._began = self._printed = clock()

    def show(self, step: str, count: int, total: int) -> None:
        """Prints `count` of `total`; the last of a step always."""
        now = self._clock()
        if count < total and now - self._printed < self._every_s:
            return
        self._printed = now
        print(f"  {now - self._began:,.0f} s: {step} {count:,} of {total:,}", flush=True)


Trial = Callable[[Progress], str]
"""Runs a trial and returns what it measured; raises where something is wrong."""


class TrialResults:
    """A Markdown file with one row for each trial; a row lasts until its trial runs again."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def add(self, name: str, began: datetime, minutes: float, result: str) -> None:
        rows = self._rows()
        cells = [name, f"{began:%Y-%m-%d}", f"{minutes:.1f}", " ".join(result.split())]
        rows[name] = f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |"
        self._file.write_text(HEAD + "\n".join(rows.values()) + "\n", encoding="utf-8")

    def _rows(self) -> dict[str, str]:
        if not self._file.exists():
            return {}
        lines = self._file.read_text(encoding="utf-8").splitlines()[len(HEAD.splitlines()) :]
        return {line.split(" | ")[0].removeprefix("| "): line for line in lines}


def run(trials: Mapping[str, Trial], results: TrialResults) -> bool:
    """Runs the trials one after the other, whatever becomes of each. Returns whether all passed."""
    failures = []
    for name, trial in trials.items():
        print(f"{name} …", flush=True)
        began, start = datetime.now(UTC), time.monotonic()
        try:
            result = trial(Progress())
        except Exception as error:
            traceback.print_exc()
            failures.append(name)
            result = f"FAILED: {type(error).__name__}: {error}"
        results.add(name, began, (time.monotonic() - start) / 60, result)
        print(f"{name}: {result}", flush=True)
    if failures:
        print(f"Failed: {', '.join(failures)}.")
    return not failures
