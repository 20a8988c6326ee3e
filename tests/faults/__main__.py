"""`python -m tests.faults RUNS [--only WORDS] [--short]`: tries every fault RUNS times.

Prints a table, which grows with each trial; without `--only` it is written to docs/faults.md too. A
trial that fails is listed with its seed, and the next one follows.
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
from tests.faults.deployment import FULL, SHORT, Lengths, make_template
from tests.faults.trial import FAULTS, Fault, Outcome, run

RESULTS = Path(__file__).parents[2] / "docs" / "faults.md"
INTRODUCTION = """\
Each fault is caused in a deployment under load: `ordermade up` with two projectors, and writers
that publish events and give commands. A writer notes each acknowledgement, and sends again under
the same id what was not acknowledged. When the fault is over and the writers have ended, everything
acknowledged must be in the views, once and at its position, and each view must equal a fold of the
log. *Lost* and *doubled* count events that break this; *recovery* is the time from the end of the
fault until the views have all that was stored by then.
"""
HEAD = "| fault | log | runs | acknowledged | lost | doubled | longest recovery, s |"


@dataclass
class Row:
    """A fault on a log, the outcomes of its trials, and the seeds of those that failed."""

    fault: Fault
    log: str
    outcomes: list[Outcome] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        acknowledged = sum(outcome.acknowledged for outcome in self.outcomes)
        lost = sum(outcome.lost for outcome in self.outcomes)
        doubled = sum(outcome.doubled for outcome in self.outcomes)
        longest_s = max((outcome.recovery_s for outcome in self.outcomes), default=0)
        runs = f"{len(self.outcomes)}"
        if self.failures:
            runs += f", {len(self.failures)} failed"
        return (
            f"| {self.fault.name} | {self.log} | {runs} | {acknowledged} | {lost} | {doubled} "
            f"| {longest_s:.1f} |"
        )


def trials(rows: list[Row], runs: int, seed: int, lengths: Lengths) -> Iterator[Row]:
    """Runs the trials of all rows; each is added to its row, which is yielded."""
    with ExitStack() as stack:
        shared = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        template, broker = make_template(shared), None
        for n, row in itertools.product(range(runs), rows):
            if row.log == "kafka" and broker is None:
                broker = Broker(shared / "kafka")
                stack.callback(broker.stop)
                broker.start()
            trial_seed = f"{seed + n}/{row.fault.name}/{row.log}"
            print(f"seed {trial_seed}", flush=True)
            with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
                try:
                    kafka = (broker.address, broker) if row.log == "kafka" else (None, None)
                    outcome = run(row.fault, template, Path(folder), *kafka, trial_seed, lengths)
                    row.outcomes.append(outcome)
                    if outcome.lost or outcome.doubled:
                        row.failures.append(trial_seed)
                except Exception:
                    row.failures.append(trial_seed)
                    traceback.print_exc()
                    if broker:  # the failed trial may have left it broken
                        broker.kill()
                        broker.start()
            yield row


def table(rows: list[Row]) -> str:
    failures = [f"- failed: seed {seed}" for row in rows for seed in row.failures]
    return "\n".join([HEAD, "|---|---|" + "---:|" * 5, *map(str, rows), "", *failures]).rstrip()


def document(command: str, rows: list[Row]) -> str:
    """The text of docs/faults.md."""
    faults = "\n".join(f"- **{fault.name}**: {fault.explanation}" for fault in FAULTS)
    return f"# Faults\n\n{INTRODUCTION}\n{command}.\n\n{table(rows)}\n\n## The faults\n\n{faults}\n"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults")
    parser.add_argument("runs", type=int)
    parser.add_argument("--only", default="", help="words that the fault and log must have")
    parser.add_argument("--short", action="store_true", help="as short as in `make test`")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    options = parser.parse_args()
    lengths, length = (SHORT, "short") if options.short else (FULL, "full")
    rows = [Row(fault, log) for fault in FAULTS for log in fault.logs
            if all(word in f"{fault.name} {log}" for word in options.only.split())]  # fmt: skip
    if not rows:
        names = ", ".join(fault.name for fault in FAULTS)
        parser.error(f"no fault and log have all of these words; the faults are: {names}")
    began, total = time.monotonic(), options.runs * len(rows)
    command = (
        f"`make faults`, {datetime.now(UTC):%Y-%m-%d}, seeds from {options.seed}, {length} length"
    )
    for n, row in enumerate(trials(rows, options.runs, options.seed, lengths), 1):
        print(f"{n} of {total}, {time.monotonic() - began:.0f} s", row, sep="\n", flush=True)
        if not options.only:
            RESULTS.write_text(document(command, rows))
    print("", table(rows), sep="\n")
    return any(row.failures for row in rows)


if __name__ == "__main__":
    sys.exit(main())
