"""The property tests of `make test` again and again, each time with other examples."""

from __future__ import annotations

import subprocess
import sys

from tests.trials.results import Progress

RUNS, FIRST_SEED = 20, 1
TESTS = [sys.executable, "-m", "pytest", "tests/unit", "-m", "hypothesis", "-q", "-n", "2"]


def properties(progress: Progress) -> str:
    """Raises where a property does not hold; the output above names the seed and the example."""
    for n in range(RUNS):
        seed = FIRST_SEED + n
        run = subprocess.run([*TESTS, f"--hypothesis-seed={seed}"], capture_output=True, text=True)
        if run.returncode:
            print(run.stdout)
            raise AssertionError(f"a property does not hold with --hypothesis-seed={seed}")
        progress.show("runs", n + 1, RUNS)
    return f"all properties hold in {RUNS} runs, seeds {FIRST_SEED} to {FIRST_SEED + RUNS - 1}"
