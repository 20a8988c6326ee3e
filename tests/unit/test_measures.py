"""Formulas, against published numbers or numbers by hand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from projections.figures.measures import percentile, quintile, wilson


@pytest.mark.parametrize(
    ("successes", "trials", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061,
     0.1718)],
)  # fmt: skip
def test_wilson_as_in_newcombe_1998(successes, trials, low, high):
    """Statistics in Medicine 17, table I, method 3."""
    interval = wilson(successes, trials)
    assert (interval.low, interval.high) == (
        pytest.approx(low, abs=5e-5),
        pytest.approx(high, abs=5e-5),
    )


@given(st.integers(0, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_an_interval_is_in_order_and_contains_its_proportion(counts):
    successes, trials = counts
    interval = wilson(successes, trials)
    assert 0 <= interval.low <= interval.high <= 1
    if trials:
        assert interval.low <= successes / trials <= interval.high


def test_a_percentile_is_one_of_the_values():
    assert [percentile([1, 2, 3, 4], p) for p in (50, 51, 99)] == [2, 3, 4]
    assert percentile([], 50) is None


def test_quintiles():
    assert [quintile([10, 20, 30, 40, 50], v) for v in (10, 20, 50)] == [1, 2, 5]
    assert [quintile([1, 1, 1, 1, 9], v) for v in (1, 9)] == [1, 5]
