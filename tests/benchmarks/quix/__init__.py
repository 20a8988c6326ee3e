"""Quix Streams, in a virtual environment of its own: it needs other releases than ordermade.

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
    """The interpreter that has Quix Streams; installs it where this environment has none yet."""
    lock, ready = HERE / "requirements.lock", HOME / ".ready"
    interpreter = HOME / "bin" / "python"
    if not ready.exists() or ready.stat().st_mtime < lock.stat().st_mtime:
        venv.create(HOME, clear=True, with_pip=True)
        subprocess.run(
            [interpreter, "-m", "pip", "install", "--quiet", "--disable-pip-version-check",
             "--require-hashes", "-r", lock], check=True,
        )  # fmt: skip
        ready.touch()
    return interpreter


def seconds(python: Path, broker: str, topic: str, events: int) -> float:
    """The time from the first of the topic's events to the commit of the last."""
    with tempfile.TemporaryDirectory() as folder:
        run = subprocess.run(
            [python, HERE / "count.py", broker, topic, str(events), folder],
            check=True, stdout=subprocess.PIPE, cwd=folder,
        )  # fmt: skip
    return float(run.stdout)
