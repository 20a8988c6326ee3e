"""`make faults RUNS=n`: every fault n times at its full length, as a table, in docs/faults.md too.

`python -m tests.faults RUNS [--only WORDS] [--short]`; what only some faults told is only printed.
A trial that fails is named by its seed, and the next one follows; the table grows with each.
"""

from __future__ import annotations

import argparse
import itertools
import sys
import tempfile
import time
import traceback
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from tests.broker import Broker
from tests.faults.deployment import FULL, SHORT, Lengths, beginning
from tests.faults.trial import FAULTS, Fault, Outcome, run

RESULTS = Path(__file__).parents[2] / "docs" / "faults.md"
HEAD = "| fault | log | runs | acknowledged | lost | doubled | longest recovery, s |"


@dataclass
class Row:
    """A fault on a log, however often it was run; `failed` are the seeds of what went wrong."""

    fault: Fault
    log: str
    outcomes: list[Outcome] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        told = self.outcomes
        sums = [sum(o.acknowledged for o in told), sum(o.lost for o in told),
                sum(o.doubled for o in told)]  # fmt: skip
        longest = f"{max((o.recovery_s for o in told), default=0):.1f}"
        runs = f"{len(told)}, {len(self.failed)} failed" if self.failed else f"{len(told)}"
        return f"| {' | '.join([self.fault.name, self.log, runs, *map(str, sums), longest])} |"


def trials(rows: list[Row], runs: int, seed: int, lengths: Lengths) -> Iterator[Row]:
    with ExitStack() as stack:
        kept = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        made, broker = beginning(kept), None
        for n, row in itertools.product(range(runs), rows):
            if row.log == "kafka" and broker is None:
                broker = Broker(kept / "kafka")
                stack.callback(broker.stop)
                broker.start()
            said = f"{seed + n}/{row.fault.name}/{row.log}"
            print(f"seed {said}", flush=True)
            with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
                try:
                    on = (broker.address, broker) if row.log == "kafka" else (None, None)
                    outcome = run(row.fault, made, Path(folder), *on, said, lengths)
                    row.outcomes.append(outcome)
                    if outcome.lost or outcome.doubled:
                        row.failed.append(said)
                except Exception:
                    row.failed.append(said)
                    traceback.print_exc()
                    if broker:  # it may have been left broken
                        broker.kill()
                        broker.start()
            yield row


def table(rows: list[Row]) -> str:
    failed = [f"- failed: seed {said}" for row in rows for said in row.failed]
    return "\n".join([HEAD, "|---|---|" + "---:|" * 5, *map(str, rows), "", *failed]).rstrip()


def main() -> int:
    asked = argparse.ArgumentParser(prog="python -m tests.faults")
    asked.add_argument("runs", type=int)
    asked.add_argument("--only", default="", help="faults, and logs, whose names have these words")
    asked.add_argument("--short", action="store_true", help="as short as in `make test`")
    asked.add_argument("--seed", type=int, default=int(time.time()))
    told = asked.parse_args()
    lengths = SHORT if told.short else FULL
    rows = [Row(fault, log) for fault in FAULTS for log in fault.logs
            if all(word in f"{fault.name} {log}" for word in told.only.split())]  # fmt: skip
    if not rows:
        asked.error("no fault and log have all of these words: leave --only out to see them")
    began, of = time.monotonic(), told.runs * len(rows)
    length = "short" if told.short else "full"
    about = f"`make faults`, {datetime.now(UTC):%Y-%m-%d}, seeds from {told.seed}, {length} length"
    for n, row in enumerate(trials(rows, told.runs, told.seed, lengths), 1):
        print(f"{n} of {of}, {time.monotonic() - began:.0f} s", row, sep="\n", flush=True)
        if not told.only:
            RESULTS.write_text(f"# Faults\n\n{about}.\n\n{table(rows)}\n")
    print("", table(rows), sep="\n")
    return any(row.failed for row in rows)


if __name__ == "__main__":
    sys.exit(main())
