"""`--both-logs`: what must hold on either log was tested on both, or the run fails.

A test is of a log if one of its parameters is one of `LOGS`; with each of its other parameters it
must pass on both. One for which one log is enough says why: `@pytest.mark.one_log("why")`.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable

import pytest

LOGS = ("embedded", "kafka")
FOLDERS = ("tests/contract/", "tests/scenarios/", "tests/faults/")
_LOG = re.compile(rf"(?<=[\[-])({'|'.join(LOGS)})(?=[\]-])")


def tag(item: pytest.Function) -> None:
    """Writes into a test's report what it is of: with xdist nothing else comes here."""
    params = item.callspec.params.values() if hasattr(item, "callspec") else ()
    item.user_properties += [("log", p) for p in params if p in LOGS]
    item.user_properties += [("one_log", m.args[0]) for m in item.iter_markers("one_log")]


class BothLogs:
    """Listens to all reports; makes the run fail unless every test there is has passed on both."""

    def __init__(self, broker: Callable[[], str | None]) -> None:
        """`broker` is what a broker said of itself, if one was asked."""
        self._passed: dict[str, set[str]] = defaultdict(set)
        self._broker = broker

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        told = defaultdict(set)
        for name, value in report.user_properties:
            told[name].add(value)
        if report.nodeid.startswith(FOLDERS):
            passed = self._passed[_LOG.sub("*", report.nodeid)]
            if report.when == "call" and report.passed:
                passed |= set(LOGS) if told["one_log"] else told["log"]

    def _missed(self) -> list[str]:
        missed = [
            f"{name}: not passed on {log}"
            for name, passed in sorted(self._passed.items())
            for log in LOGS
            if log not in passed
        ]
        return missed if self._broker() else ["no broker was asked who it is", *missed]

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if self._missed():
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        for line in self._missed():
            terminalreporter.write_line(line)
        terminalreporter.write_line(f"{len(self._passed)} tests of {' and '.join(LOGS)}")
