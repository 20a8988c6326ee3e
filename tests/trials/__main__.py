"""`python -m tests.trials [NAME …]`: runs the trials and writes a table of their results into docs.

Exits 1 where a trial fails, 2 where there is no trial of a name.
"""

from __future__ import annotations

import sys
from pathlib import Path

from tests.trials.properties import properties
from tests.trials.rebuild import rebuild_1m, rebuild_10m
from tests.trials.results import Trial, TrialResults, run

TRIALS: dict[str, Trial] = {
    "properties": properties,
    "rebuild-1m": rebuild_1m,
    "rebuild-10m": rebuild_10m,
}
RESULTS = Path(__file__).parents[2] / "docs" / "trials.md"


def main(names: list[str]) -> int:
    if unknown := [name for name in names if name not in TRIALS]:
        print(f"Unknown: {', '.join(unknown)}. The trials are {', '.join(TRIALS)}.")
        return 2
    passed = run({name: TRIALS[name] for name in names or TRIALS}, TrialResults(RESULTS))
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
