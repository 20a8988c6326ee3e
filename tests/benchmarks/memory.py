"""The peak of memory of an import and its projection, which must not grow with the file."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.benchmarks.harness import Bench
from tests.benchmarks.results import Figure, at_most
from tests.frontdoor import FACTS, message

MANY, FEW = 500_000, 10_000
# A process inherits the peak of the one that starts it, and the peak of this one is high.
STARTER = """
import os, subprocess, sys
child = subprocess.Popen([sys.executable, *sys.argv[1:]], stdout=subprocess.DEVNULL)
_, status, used = os.wait4(child.pid, 0)
child.returncode = os.waitstatus_to_exitcode(status)
assert child.returncode == 0
print(used.ru_maxrss)
"""


def memory(bench: Bench) -> Iterator[Figure]:
    """The import of 500,000 events against that of 10,000."""
    yield Figure("memory", _peak_mb(MANY), _peak_mb(FEW), "MB", at_most(1.3))


def _peak_mb(events: int) -> float:
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        file = Path(folder) / "events.jsonl"
        with file.open("w") as out:
            for n in range(events):
                data = {"attribute": "colour", "value": f"shade {n}", **FACTS}
                customer = f"customer/shop:{n % 5_000}"
                out.write(json.dumps(
                    message(str(n), "customer.preference-stated.v1", customer, data)
                ) + "\n")  # fmt: skip
        return peak_mb("events", file, "personalize")


def peak_mb(source: str, file: Path, basis: str) -> float:
    """The peak resident memory of `ordermade import SOURCE`, which projects before it returns."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home:
        words = ["-m", "infra", "import", source, str(file), "--basis", basis]
        environment = {**os.environ, "ORDERMADE_HOME": home, "ORDERMADE_LINGER_S": "0"}
        run = subprocess.run(
            [sys.executable, "-c", STARTER, *words],
            env=environment, capture_output=True, text=True, check=True,
        )  # fmt: skip
        return int(run.stdout) / 1024
