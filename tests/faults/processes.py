"""Processes of a deployment, forked as in `tests.forked`.

They are as separate as those that `ordermade` starts, and can be killed in the same way; only the
imports are done already.
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
from tests.forked import take_environment


class _LikePopen:
    """The methods of `subprocess.Popen` on a process of `multiprocessing`."""

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


class FunctionProcess(_LikePopen, ForkServerProcess):
    """Runs a function in a process of its own, which prints to the file `output`."""

    def __init__(
        self, function: Callable, arguments: list, environment: dict[str, str], output: Path
    ) -> None:
        super().__init__(target=_call, args=[function, arguments, environment, output])
        self.start()


def _call(function: Callable, arguments: list, environment: dict[str, str], output: Path) -> None:
    take_environment(environment, output, output)
    function(*arguments)


class CommandProcess(_LikePopen, ForkProcess):
    """A command that `up` runs; the process has the name of the command in /proc."""

    def __init__(self, command: list[str]) -> None:
        words = command[command.index("infra") + 1 :]
        super().__init__(target=ordermade, args=words, name=words[0])
        self.start()

    def run(self) -> None:
        Path("/proc/self/comm").write_text(self.name)
        super().run()


def ordermade(*words: object) -> None:
    """Runs a command in this process."""
    main.run([*map(str, words)])


def up(projectors: int) -> None:
    """Runs `ordermade up`, whose members are forked instead of started."""
    processes.subprocess = SimpleNamespace(
        Popen=CommandProcess, TimeoutExpired=subprocess.TimeoutExpired
    )
    ordermade("up", "--projectors", projectors)
