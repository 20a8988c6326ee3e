"""The bench keeps what it has measured, whatever becomes of the benchmarks after."""

from __future__ import annotations

import io
import json

import pytest
from rich.console import Console

from tests.benchmarks.results import Figure, Results, at_least, at_most, measure


class Deployment:
    """What benchmarks are run on, in place of a real one."""

    def __init__(self, *, broken: bool = False) -> None:
        self.broken, self.closed = broken, False

    def checkpoint(self) -> None:
        if self.broken:
            raise ConnectionError("the server is gone")

    def close(self) -> None:
        self.closed = True


def fast(_):
    yield Figure("fast", 50.0, 100.0, "events/s", at_least(0.3))


def failing(_):
    yield Figure("failing-p50", 6.0, 2.0, "ms")
    raise RuntimeError("no answer")


def interrupted(_):
    yield Figure("interrupted-p50", 6.0, 2.0, "ms")
    raise KeyboardInterrupt


@pytest.fixture
def results(tmp_path):
    return Results(tmp_path / "bench.json", Console(file=io.StringIO(), width=100))


def printed(results) -> str:
    return results._console.file.getvalue()


def written(results) -> list[dict]:
    return json.loads(results._file.read_text())


def names(results) -> list[str]:
    return [entry["name"] for entry in written(results)]


def test_a_failure_leaves_the_figures_before_it_and_the_benchmarks_after_it(results):
    measure({"failing": failing, "fast": fast}, Deployment, results)
    assert [f.name for f in results.figures] == ["failing-p50", "fast"]
    assert written(results)[-1] == {"name": "failing", "error": "RuntimeError: no answer"}
    assert not results.summarize()
    assert printed(results).rstrip().endswith("failing failed: RuntimeError: no answer")


def test_a_failure_is_followed_by_a_new_deployment(results):
    deployments = [Deployment(), Deployment()]
    remaining = iter(deployments)
    measure({"fast": fast, "failing": failing, "again": fast}, lambda: next(remaining), results)
    assert all(deployment.closed for deployment in deployments)


def test_a_deployment_that_is_broken_or_does_not_start_fails_one_benchmark(results):
    def not_started():
        raise OSError("no port is free")

    starts = iter([not_started, lambda: Deployment(broken=True), Deployment])
    measure({"first": fast, "second": fast, "third": fast}, lambda: next(starts)(), results)
    assert results.failures == {
        "first": "OSError: no port is free",
        "second": "ConnectionError: the server is gone",
    }
    assert [f.name for f in results.figures] == ["fast"]


def test_each_figure_is_printed_and_written_before_the_next_is_measured(results):
    def two(_):
        yield Figure("one", 1.0, 1.0, "s")
        assert names(results) == ["one"]
        assert "one: 1 s, peer 1 s, ratio 1.00" in printed(results)
        yield Figure("two", 2.0, 1.0, "s")

    measure({"two": two}, Deployment, results)
    assert names(results) == ["one", "two"]
    assert results.summarize()


def test_an_interrupt_leaves_what_was_measured_and_closes_the_deployment(results):
    deployment = Deployment()
    with pytest.raises(KeyboardInterrupt):
        measure({"fast": fast, "slow": interrupted, "never": fast}, lambda: deployment, results)
    assert names(results) == ["fast", "interrupted-p50"]
    assert deployment.closed


def test_a_missed_target_is_marked_and_does_not_fail(results):
    results.add(Figure("wait", 25.0, 1.0, "ms", target=at_most(20)))
    assert "target ≤ 20 MISSED" in printed(results)
    assert written(results)[0]["misses_target"] is True
    assert results.summarize()


def test_a_missed_ratio_fails(results):
    results.add(Figure("slow", 10.0, 100.0, "events/s", at_least(0.3)))
    results.add(Figure("large", 3.0, 1.0, "MB", at_most(1.5)))
    assert "bound ≥ 0.3 MISSED" in printed(results)
    assert [entry["misses_bound"] for entry in written(results)] == [True, True]
    assert not results.summarize()
    assert "Bound missed: slow, large." in printed(results)


@pytest.mark.parametrize(
    ("bound", "number", "holds"),
    [
        (at_least(0.5), 0.5, True),
        (at_least(0.5), 0.49, False),
        (at_most(20), 20, True),
        (at_most(20), 20.1, False),
    ],
)
def test_a_bound_is_kept_up_to_its_limit(bound, number, holds):
    assert bound.holds(number) is holds
