"""The command line without a process of its own, which is quicker."""

from __future__ import annotations

import io
import os
import signal
import subprocess
from contextlib import redirect_stderr, redirect_stdout

from infra.cli import main
from tests.frontdoor import Front


class Within(Front):
    """Runs commands in this process: for tests with many of them."""

    def run(self, *words: object) -> subprocess.CompletedProcess[str]:
        out, err, before = io.StringIO(), io.StringIO(), dict(os.environ)
        os.environ.update(self.environment)
        handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
        code: object = 0
        try:
            with redirect_stdout(out), redirect_stderr(err):
                main.run([*map(str, words)])
        except SystemExit as exit:
            code = exit.code
        finally:
            os.environ.clear()
            os.environ.update(before)
            for number, handler in handlers.items():
                signal.signal(number, handler)
        assert isinstance(code, int)
        return subprocess.CompletedProcess([], code, out.getvalue(), err.getvalue())
