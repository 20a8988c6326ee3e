"""The runner of trials goes on after a failure and keeps the results of trials that do not run."""

from __future__ import annotations

import pytest

from tests.trials.results import Progress, TrialResults, run


@pytest.fixture
def file(tmp_path):
    return tmp_path / "trials.md"


def rows(file) -> dict[str, str]:
    """The results by trial."""
    lines = [line for line in file.read_text().splitlines() if line.startswith("| ")][1:]
    cells = [line.strip("| ").split(" | ") for line in lines]
    return {cells_of_row[0]: cells_of_row[-1] for cells_of_row in cells}


def passing(result: str):
    return lambda progress: result


def failing(progress):
    raise AssertionError("3 rows differ")


def test_a_failure_is_a_result_and_the_next_trial_follows(file, capsys):
    assert not run({"bad": failing, "good": passing("all equal")}, TrialResults(file))
    assert rows(file) == {"bad": "FAILED: AssertionError: 3 rows differ", "good": "all equal"}
    assert capsys.readouterr().out.endswith("Failed: bad.\n")


def test_a_trial_replaces_its_own_row_and_no_other(file):
    assert run({"first": passing("old"), "second": passing("kept")}, TrialResults(file))
    assert run({"first": passing("new")}, TrialResults(file))
    assert rows(file) == {"first": "new", "second": "kept"}


def test_a_result_of_several_lines_is_one_row(file):
    run({"wide": passing("10 | 20\nper second"), "next": passing("1")}, TrialResults(file))
    assert rows(file) == {"wide": "10 / 20 per second", "next": "1"}


def test_progress_is_printed_now_and_then_and_at_the_end_of_a_step(capsys):
    times = iter([0.0, 1.0, 12.0, 13.0, 14.0])
    progress = Progress(every_s=10.0, clock=lambda: next(times))
    for count in (1_000, 2_000, 3_000, 4_000):
        progress.show("appended", count, 4_000)
    assert capsys.readouterr().out == (
        "  12 s: appended 2,000 of 4,000\n  14 s: appended 4,000 of 4,000\n"
    )
