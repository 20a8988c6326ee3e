"""Peak memory of an import and its projection does not grow with the file."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.benchmarks.harness import Bench, Figure
from tests.frontdoor import FACTS, message

MANY, FEW = 500_000, 10_000
# A process begins with the peak of whoever started it, and this one's is high.
STARTER = """
import os, subprocess, sys
child = subprocess.Popen([sys.executable, *sys.argv[1:]], stdout=subprocess.DEVNULL)
_, status, used = os.wait4(child.pid, 0)
child.returncode = os.waitstatus_to_exitcode(status)
assert child.returncode == 0
print(used.ru_maxrss)
"""


def memory(bench: Bench) -> Figure:
    return Figure("memory", _peak(MANY), _peak(FEW), "MB", at_most=1.3)


def _peak(events: int) -> float:
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        file = Path(folder) / "events.jsonl"
        with file.open("w") as out:
            for n in range(events):
                said = {"attribute": "colour", "value": f"shade {n}", **FACTS}
                customer = f"customer/shop:{n % 5_000}"
                out.write(json.dumps(
                    message(str(n), "customer.preference-stated.v1", customer, said)
                ) + "\n")  # fmt: skip
        return peak("events", file, "personalize")


def peak(what: str, file: Path, basis: str) -> float:
    """Peak resident megabytes of `ordermade import`, which projects before it returns."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home:
        words = ["-m", "infra", "import", what, str(file), "--basis", basis]
        environment = {**os.environ, "ORDERMADE_HOME": home, "ORDERMADE_LINGER_S": "0"}
        done = subprocess.run(
            [sys.executable, "-c", STARTER, *words],
            env=environment, capture_output=True, text=True, check=True,
        )  # fmt: skip
        return int(done.stdout) / 1024
