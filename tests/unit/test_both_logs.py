"""A run that left out a log fails and says what is missing."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from tests.both_logs import BothLogs

STORY = "tests/scenarios/test_x.py::test_story"


def passed(name, *properties, when="call", outcome="passed"):
    return pytest.TestReport(name, ("", 0, ""), {}, outcome, None, when,
                             user_properties=properties)  # fmt: skip


def told(*reports, broker="Kafka 4.3"):
    """The exit status and the lines of a run with these reports."""
    plugin, lines = BothLogs(lambda: broker), []
    for report in reports:
        plugin.pytest_runtest_logreport(report)
    session = SimpleNamespace(exitstatus=0)
    plugin.pytest_sessionfinish(session)
    plugin.pytest_terminal_summary(SimpleNamespace(write_line=lines.append))
    return session.exitstatus, lines


def both(params="embedded", other="kafka"):
    return (
        passed(f"{STORY}[{params}]", ("log", "embedded")),
        passed(f"{STORY}[{other}]", ("log", "kafka")),
    )


def test_what_passed_on_both_logs_is_well():
    status, lines = told(*both())
    assert status == 0
    assert lines == ["1 tests of embedded and kafka"]


@pytest.mark.parametrize(
    ("reports", "missing"),
    [
        ([both()[0], passed(f"{STORY}[kafka]", ("log", "kafka"), outcome="skipped")], "[*]"),
        ([*both("embedded-a", "kafka-a"), passed(f"{STORY}[embedded-b]", ("log", "embedded"))],
         "[*-b]"),
        ([both()[0], passed(f"{STORY}[kafka]", ("log", "kafka"), when="setup")], "[*]"),
    ],
)  # fmt: skip
def test_what_did_not_pass_on_one_is_named(reports, missing):
    status, lines = told(*reports, passed("tests/integration/test_y.py::test"))
    assert status == pytest.ExitCode.TESTS_FAILED
    assert f"{STORY}{missing}: not passed on kafka" in lines


def test_a_run_without_a_broker_fails_and_one_log_is_enough_where_it_is_said():
    status, lines = told(passed(STORY, ("one_log", "why")), broker=None)
    assert status == pytest.ExitCode.TESTS_FAILED
    assert lines[0] == "no broker was asked who it is"
    assert told(passed(STORY, ("one_log", "why")))[0] == 0
