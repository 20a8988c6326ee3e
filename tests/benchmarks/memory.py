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


def memory(bench: Bench) -> Figure:
    return Figure("memory", _peak(MANY), _peak(FEW), "MB", at_most=1.3)


def _peak(events: int) -> float:
    """Peak resident megabytes of `ordermade import events`, which projects before it returns."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        file = Path(folder) / "events.jsonl"
        with file.open("w") as out:
            for n in range(events):
                said = {"attribute": "colour", "value": f"shade {n}", **FACTS}
                customer = f"customer/shop:{n % 5_000}"
                out.write(json.dumps(
                    message(str(n), "customer.preference-stated.v1", customer, said)
                ) + "\n")  # fmt: skip
        words = ["import", "events", str(file), "--basis", "personalize"]
        environment = {**os.environ, "ORDERMADE_HOME": str(Path(folder) / "home"),
                       "ORDERMADE_LINGER_S": "0"}  # fmt: skip
        process = subprocess.Popen(
            [sys.executable, "-m", "infra", *words],
            env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        assert process.returncode == 0
        return used.ru_maxrss / 1024
