"""Commands in processes of their own, forked from one that has imported the modules they need.

Most of the time of a short command is spent on imports, and the tests run hundreds of them.
"""

from __future__ import annotations

import multiprocessing
import os
import runpy
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from subprocess import CompletedProcess, TimeoutExpired

_server = multiprocessing.get_context("forkserver")
_server.set_forkserver_preload(
    ["infra.processes", "infra.cli.main", "infra.cli.answers", "infra.cli.sending",
     "infra.kafka.cloudevents", "infra.kafka.inbox", "infra.kafka.log", "infra.kafka.offsets",
     "infra.kafka.writer", "tests.faults.trial"]
)  # fmt: skip


def run(
    words: Sequence[str], environment: Mapping[str, str], timeout_s: float = 600
) -> CompletedProcess[str]:
    """Runs `ordermade WORDS` to its end."""
    with tempfile.TemporaryDirectory() as folder:
        out, err = Path(folder) / "out", Path(folder) / "err"
        process = _server.Process(target=_command, args=(words, dict(environment), out, err))
        process.start()
        process.join(timeout_s)
        if process.exitcode is None:
            process.kill()
            raise TimeoutExpired(list(words), timeout_s)
        return CompletedProcess(words, process.exitcode, out.read_text(), err.read_text())


def _command(words: Sequence[str], environment: Mapping[str, str], out: Path, err: Path) -> None:
    take_environment(environment, out, err)
    sys.argv = ["ordermade", *words]
    runpy.run_module("infra", run_name="__main__")


def take_environment(environment: Mapping[str, str], out: Path, err: Path) -> None:
    """Gives this process, which was just forked, an environment and files to print to."""
    os.environ.clear()
    os.environ.update(environment)
    sys.path[:0] = filter(None, environment.get("PYTHONPATH", "").split(os.pathsep))
    for number, path in ((1, out), (2, err)):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND), number)
