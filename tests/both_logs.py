"""`--both-logs`: a run fails unless every test of `FOLDERS` has passed on both logs.

A test runs on the log that is one of its parameters. With each of its other parameters it must pass
on both. A test that needs one log only gives the reason: `@pytest.mark.one_log("reason")`.
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
    """Writes the log of a test into its report, which is all that xdist sends to `BothLogs`."""
    params = item.callspec.params.values() if hasattr(item, "callspec") else ()
    item.user_properties += [("log", p) for p in params if p in LOGS]
    item.user_properties += [("one_log", m.args[0]) for m in item.iter_markers("one_log")]


class BothLogs:
    """A plugin that reads all reports and fails the run unless each test has passed on both logs.

    `broker` returns the identity of the broker that the tests used, if they used one.
    """

    def __init__(self, broker: Callable[[], str | None]) -> None:
        self._passed: dict[str, set[str]] = defaultdict(set)
        self._broker = broker

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        properties = defaultdict(set)
        for name, value in report.user_properties:
            properties[name].add(value)
        if report.nodeid.startswith(FOLDERS):
            passed = self._passed[_LOG.sub("*", report.nodeid)]
            if report.when == "call" and report.passed:
                passed |= set(LOGS) if properties["one_log"] else properties["log"]

    def _missed(self) -> list[str]:
        missed = [
            f"{name}: not passed on {log}"
            for name, passed in sorted(self._passed.items())
            for log in LOGS
            if log not in passed
        ]
        return missed if self._broker() else ["no test has used a broker", *missed]

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if self._missed():
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        for line in self._missed():
            terminalreporter.write_line(line)
        terminalreporter.write_line(f"{len(self._passed)} tests of {' and '.join(LOGS)}")
