"""Processes of a deployment, forked as `tests.forked` does it.

They are as separate, and die as hard, as those that `ordermade` starts; only what is imported is
there already.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from multiprocessing.context import ForkProcess, ForkServerProcess
from pathlib import Path
from types import SimpleNamespace

from infra import processes
from infra.cli import main
from tests.forked import become


class _Waited:
    """What `subprocess.Popen` calls by other names."""

    def poll(self) -> int | None:
        return self.exitcode

    def wait(self, timeout: float | None = None) -> int:
        self.join(timeout)
        if self.exitcode is None:
            raise subprocess.TimeoutExpired(self.name, timeout)
        return self.exitcode

    def send_signal(self, number: int) -> None:
        if self.is_alive():
            os.kill(self.pid, number)


class Started(_Waited, ForkServerProcess):
    """A function that runs in a process of its own; `said` is the file that has what it prints."""

    def __init__(self, does: Callable, words: list, environment: dict[str, str], said: Path):
        super().__init__(target=_do, args=[does, words, environment, said])
        self.start()


def _do(does: Callable, words: list, environment: dict[str, str], said: Path) -> None:
    become(environment, said, said)
    does(*words)


class Member(_Waited, ForkProcess):
    """What `up` runs, named in /proc by its command."""

    def __init__(self, command: list[str]) -> None:
        words = command[command.index("infra") + 1 :]
        super().__init__(target=ordermade, args=words, name=words[0])
        self.start()

    def run(self) -> None:
        Path("/proc/self/comm").write_text(self.name)
        super().run()


def ordermade(*words: object) -> None:
    main.run([*map(str, words)])


def up(projectors: int) -> None:
    processes.subprocess = SimpleNamespace(Popen=Member, TimeoutExpired=subprocess.TimeoutExpired)
    ordermade("up", "--projectors", projectors)
