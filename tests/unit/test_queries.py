"""Names of the columns of a query: whoever writes it may repeat them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.postgres.views.queries import QueryResult, distinct_names


@pytest.mark.parametrize(
    ("names", "distinct"),
    [
        ([], []),
        (["a", "b"], ["a", "b"]),
        (["count", "count"], ["count", "count_2"]),
        (["a", "a", "a"], ["a", "a_2", "a_3"]),
        (["a", "a", "a_2"], ["a", "a_3", "a_2"]),
        (["a_2", "a", "a", "a_2"], ["a_2", "a", "a_3", "a_2_2"]),
        (["", ""], ["", "_2"]),
    ],
)
def test_repeated_names_are_numbered_and_the_others_stay(names, distinct):
    assert distinct_names(names) == distinct


@given(st.lists(st.sampled_from(["a", "a_2", "a_3", "a_2_2", "b"]), max_size=12))
def test_no_name_occurs_twice_and_the_first_of_each_stays(names):
    distinct = distinct_names(names)
    assert len(set(distinct)) == len(names)
    for n, name in enumerate(names):
        assert distinct[n].startswith(name)
        if name not in names[:n]:
            assert distinct[n] == name


def test_every_column_is_in_the_dict_of_a_row():
    result = QueryResult(distinct_names(["a", "a"]), [(1, None), (2, 3)])
    assert result.as_dicts() == [{"a": 1, "a_2": None}, {"a": 2, "a_2": 3}]
