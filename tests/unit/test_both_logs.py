"""A run that left out a log fails and says what is missing."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from tests.both_logs import BothLogs

STORY = "tests/scenarios/test_x.py::test_story"


def report(name, *properties, when="call", outcome="passed"):
    return pytest.TestReport(name, ("", 0, ""), {}, outcome, None, when,
                             user_properties=properties)  # fmt: skip


def run(*reports, broker="Kafka 4.3"):
    """The exit status and the lines of a run with these reports."""
    plugin, lines = BothLogs(lambda: broker), []
    for each in reports:
        plugin.pytest_runtest_logreport(each)
    session = SimpleNamespace(exitstatus=0)
    plugin.pytest_sessionfinish(session)
    plugin.pytest_terminal_summary(SimpleNamespace(write_line=lines.append))
    return session.exitstatus, lines


def on_both(first="embedded", second="kafka"):
    """Reports of a test that passed on both logs, with these parameters."""
    return (
        report(f"{STORY}[{first}]", ("log", "embedded")),
        report(f"{STORY}[{second}]", ("log", "kafka")),
    )


def test_a_run_whose_tests_pass_on_both_logs_succeeds():
    status, lines = run(*on_both())
    assert status == 0
    assert lines == ["1 tests of embedded and kafka"]


@pytest.mark.parametrize(
    ("reports", "missing"),
    [
        ([on_both()[0], report(f"{STORY}[kafka]", ("log", "kafka"), outcome="skipped")], "[*]"),
        ([*on_both("embedded-a", "kafka-a"),
          report(f"{STORY}[embedded-b]", ("log", "embedded"))], "[*-b]"),
        ([on_both()[0], report(f"{STORY}[kafka]", ("log", "kafka"), when="setup")], "[*]"),
    ],
)  # fmt: skip
def test_a_test_that_did_not_pass_on_one_log_is_named(reports, missing):
    status, lines = run(*reports, report("tests/integration/test_y.py::test"))
    assert status == pytest.ExitCode.TESTS_FAILED
    assert f"{STORY}{missing}: not passed on kafka" in lines


def test_a_run_without_a_broker_fails():
    status, lines = run(report(STORY, ("one_log", "reason")), broker=None)
    assert status == pytest.ExitCode.TESTS_FAILED
    assert lines[0] == "no test has used a broker"


def test_a_test_that_needs_one_log_only_passes_on_one():
    assert run(report(STORY, ("one_log", "reason")))[0] == 0
