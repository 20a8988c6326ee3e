"""Over HTTP, questions have the answers that the command line gives."""

from __future__ import annotations

import json

import pytest

from projections import discover
from tests.both_logs import LOGS
from tests.conftest import copied, log_of
from tests.frontdoor import Front
from tests.httpdoor import serving

ORDER = "order/demo-1-6"
CUSTOMER = "demo:customer-7"


@pytest.fixture(scope="module", params=LOGS)
def front(request, made_home, tmp_path_factory):
    front = Front(copied(made_home, tmp_path_factory.mktemp("questions")), log_of(request))
    front.ok("demo")
    return front


@pytest.fixture(scope="module")
def door(front):
    with serving(front) as door:
        yield door


def on_cli(front, *words):
    return json.loads(front.ok(*words, "--json"))


def on_http(door, path, **params):
    answer = door.client.get(f"/v1/{path}", params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()


def problem(answer, status, field=None):
    """The detail of a problem that must have this status and field."""
    body = answer.json()
    assert answer.headers["content-type"] == "application/problem+json"
    assert (answer.status_code, body["status"], body["field"]) == (status, status, field), body
    assert body["type"] == f"urn:ordermade:problem:{body['code']}"
    return body["detail"]


@pytest.mark.parametrize("view", sorted(discover()))
def test_figures_are_those_of_the_command_line(door, front, view):
    answer = on_http(door, f"figures/{view}")
    expected = on_cli(front, "show", view)
    assert answer["figures"] == expected["figures"]
    assert (answer["position"], answer["lag"]) == (expected["position"], expected["lag"])


def test_the_story_of_an_order_has_its_causes_and_choices(door, front):
    answer = on_http(door, f"stories/{ORDER}")
    expected = on_cli(front, "show", "audit", ORDER)
    for part in ("rows", "more", "tree", "choices"):
        assert answer[part] == expected[part]
    assert len(answer["choices"]) == 3
    few = on_http(door, f"stories/{ORDER}", limit=3)
    assert (len(few["rows"]), few["more"]) == (3, True)
    assert on_http(door, f"stories/customer/{CUSTOMER}")["rows"]
    for path in ("order/nobody", "customer/demo:nobody"):
        assert "nothing is recorded" in problem(door.client.get(f"/v1/stories/{path}"), 404, "id")


def test_rows_are_shown_as_they_were(door, front):
    past = {"as_of": "2026-03-01T12:00:00Z"}
    profile = f"views/profile/{CUSTOMER}"
    now = on_http(door, profile)["rows"]
    future = {"as_of": "2099-01-01T00:00:00Z", "valid_at": "2099-01-01T00:00:00Z"}
    assert on_http(door, profile, **future)["rows"] == now
    valid = {"valid_at": "2026-03-02T12:00:00Z"}
    expected = on_cli(front, "show", "audit", ORDER, "--valid-at", valid["valid_at"])["rows"]
    assert 0 < len(expected) < 26
    assert on_http(door, f"views/audit/{ORDER}", **valid)["rows"] == expected
    pages, page = [], None
    while page is not None or not pages:
        more = {"page": page} if page else {}
        answer = on_http(door, f"views/audit/{ORDER}", limit=3, **valid, **more)
        pages.append(answer["rows"])
        page = answer["next"]
    assert [row for rows in pages for row in rows] == expected
    assert "no row of this key" in problem(
        door.client.get(f"/v1/{profile}", params=past), 404, "key"
    )
    for time in ("yesterday", "2026-03-01T12:00:00", "2026-13-01T12:00:00Z"):
        problem(door.client.get(f"/v1/{profile}", params={"as_of": time}), 422, "as_of")
    assert "one customer or stream" in problem(
        door.client.get("/v1/views/backlog/nobody", params=future), 404, "key"
    )


def test_lags_have_a_row_for_each_group_and_partition(door, front):
    assert on_http(door, "lag")["rows"] == on_cli(front, "lag")["rows"]


def test_unknown_views_and_parameters_are_problems(door):
    assert "'profile'" in problem(door.client.get("/v1/figures/nothing"), 422, "view")
    problem(door.client.get("/v1/figures/profile?min_position=x"), 422, "min_position")
    problem(door.client.get("/v1/instructions/waiting?limit=0"), 422, "limit")
