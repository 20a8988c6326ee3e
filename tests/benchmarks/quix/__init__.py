"""Quix Streams, in a virtual environment of its own: it needs other releases than we do.

`make lock` makes `requirements.lock` from `requirements.in`.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import venv
from pathlib import Path

HERE = Path(__file__).parent
HOME = Path(sys.prefix) / "quix"


def python() -> Path:
    """An interpreter that has Quix Streams; installed once for each of our environments."""
    lock, done = HERE / "requirements.lock", HOME / ".ready"
    found = HOME / "bin" / "python"
    if not done.exists() or done.stat().st_mtime < lock.stat().st_mtime:
        venv.create(HOME, clear=True, with_pip=True)
        subprocess.run(
            [found, "-m", "pip", "install", "--quiet", "--disable-pip-version-check",
             "--require-hashes", "-r", lock], check=True,
        )  # fmt: skip
        done.touch()
    return found


def seconds(python: Path, broker: str, topic: str, events: int) -> float:
    """From the first of the topic's events to the commit of the last."""
    with tempfile.TemporaryDirectory() as folder:
        told = subprocess.run(
            [python, HERE / "count.py", broker, topic, str(events), folder],
            check=True, stdout=subprocess.PIPE, cwd=folder,
        )  # fmt: skip
    return float(told.stdout)
