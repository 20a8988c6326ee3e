"""Over HTTP, questions have the answers that the command line gives."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest

from consumers.ports.inbox import ReceivedMessage
from domain.errors import Malformed
from infra.deployment import Deployment
from infra.settings import Settings
from projections import discover
from tests.both_logs import LOGS
from tests.conftest import copy_home, log_of
from tests.frontdoor import FACTS, Front, message
from tests.httpdoor import ONE, serving

ROOT = Path(__file__).parents[2]

ORDER = "order/demo-1-6"
CUSTOMER = "demo:customer-7"


@pytest.fixture(scope="module", params=LOGS)
def front(request, home_template, tmp_path_factory):
    front = Front(copy_home(home_template, tmp_path_factory.mktemp("questions")), log_of(request))
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


def without_ages(figures):
    """Figures without those that grow while a test runs."""
    for centre in (figures or {}).get("work_centres", ()):
        for name in [name for name in centre if name.startswith("age_")]:
            del centre[name]
    return figures


def problem(answer, status, field=None):
    """The detail of a problem that must have this status and field."""
    body = answer.json()
    assert answer.headers["content-type"] == "application/problem+json"
    assert (answer.status_code, body["status"], body["field"]) == (status, status, field), body
    assert body["code"]
    return body["detail"]


@pytest.mark.parametrize("view", sorted(discover()))
def test_figures_are_those_of_the_command_line(door, front, view):
    answer = on_http(door, f"figures/{view}")
    expected = on_cli(front, "show", view)
    assert without_ages(answer["figures"]) == without_ages(expected["figures"])
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


def test_needs_say_what_the_customer_has_given(door, front):
    needs = on_http(door, f"orders/{ORDER.partition('/')[2]}/needs")["rows"]
    assert needs == on_cli(front, "order", "needs", ORDER.partition("/")[2])["rows"]
    assert {need["name"]: need["given"] for need in needs} == {"waist": True, "fit": True}
    front.ok("design", "start", "D1", "--book", "tailor", "--line", "L1=jeans")
    assert on_http(door, "designs/D1/needs") == {"rows": []}
    front.ok("order", "draft", "bookless", "--line", "L1=hat")
    assert "names no book" in problem(door.client.get("/v1/orders/bookless/needs"), 409, "book")
    for path in ("orders/nobody/needs", "designs/nobody/needs"):
        assert "check the id" in problem(door.client.get(f"/v1/{path}"), 404, "id")


def test_instructions_that_wait_for_a_person_are_listed(door, front):
    front.ok("order", "draft", "w1", "--line", "L1=hat")
    front.ok("order", "instruct", "w1", "I1", "like the last one, only more so")
    answer = on_http(door, "instructions/waiting")
    expected = on_cli(front, "order", "waiting")
    assert (answer["rows"], answer["more"]) == (expected["rows"], expected["more"])
    assert answer["rows"][0]["text"] == "like the last one, only more so"


def test_parked_events_are_listed_retried_and_dropped(door, front):
    parked = park(front, 3)
    first = on_http(door, "parked", limit=2)
    second = on_http(door, "parked", limit=2, page=first["next"])
    assert second["next"] is None
    rows = first["rows"] + second["rows"]
    assert rows == on_cli(front, "parked")["rows"]
    assert {(row["view"], row["number"], row["key"]) for row in rows} == parked
    (_, _, key), (_, other_number, other_key), _ = sorted(parked)
    dry = door.client.post("/v1/parked/audit/retry", json={"key": key, "dry_run": True})
    assert dry.json() == {"rows": [], "parked": []}  # the row is as it was: it was never missing
    assert len(on_http(door, "parked")["rows"]) == 3
    drop = {"key": other_key, "numbers": [other_number], "actor": "operator-1"}
    dropped = door.client.post("/v1/parked/audit/drop", json=drop)
    assert (dropped.status_code, len(dropped.json()["positions"])) == (200, 1)
    assert door.client.post("/v1/parked/audit/retry", json={"key": key}).status_code == 200
    front.ok("init")  # which brings the views up to the drop
    assert len(on_http(door, "parked")["rows"]) == 1
    absent = door.client.get("/v1/parked", params={"page": "5b5d"})
    assert "start again" in problem(absent, 422, "page")
    again = door.client.post("/v1/parked/audit/retry", json={"key": key})
    assert "GET /v1/parked lists" in problem(again, 404, "key")
    for body, field in (
        ({"dry_run": "maybe"}, "dry_run"),
        ({"dryrun": True}, "dryrun"),
        ({"key": 7}, "key"),
    ):
        problem(door.client.post("/v1/parked/audit/retry", json=body), 422, field)
    for body, field in (({"key": key}, "numbers"), ({"key": key, "numbers": []}, "numbers")):
        problem(door.client.post("/v1/parked/audit/drop", json=body), 422, field)
    problem(door.client.post("/v1/parked/nothing/retry", json={}), 422, "view")


def park(front, count):
    """Parks events of the view audit, which has folded them: their views, numbers and keys."""
    with Deployment(Settings(home=front.home)) as deployment, psycopg.connect(deployment.url) as db:
        rows = db.execute(
            "INSERT INTO projection.parked SELECT %s, partition, number, id::text, owner, 'a test' "
            "FROM store.event WHERE number = 1 ORDER BY partition LIMIT %s RETURNING number, key",
            [deployment.views.live()["audit"], count],
        ).fetchall()
    return {("audit", number, key) for number, key in rows}


def test_a_price_is_explained_and_all_are_verified(door, front):
    answer = on_http(door, "orders/demo-1-6/quotes/Q1/explanation")
    assert answer == on_cli(front, "explain", "quote", "demo-1-6/Q1")
    assert answer["identical"]
    [event] = [
        node["id"]
        for node in on_http(door, f"stories/{ORDER}")["tree"]
        if node["type"] == "order.quote-issued.v1"
    ]
    assert on_http(door, f"prices/{event}/explanation") == answer
    verification = on_http(door, "prices/verification")
    assert verification == on_cli(front, "verify", "prices")
    assert (verification["quotes"] > 20, verification["differing"]) == (True, 0)
    for path in ("orders/demo-1-6/quotes/Q9/explanation", f"prices/{uuid4()}/explanation"):
        assert "no price was issued" in problem(door.client.get(f"/v1/{path}"), 404, "quote")
    problem(door.client.get("/v1/prices/Q1/explanation"), 422, "event_id")


def test_books_are_shown_and_compared(door, front, tmp_path):
    cheaper = (ROOT / "infra/imports/catalogues/tailor.yaml").read_text().replace("79.00", "69.00")
    file = tmp_path / "tailor.yaml"
    file.write_text(cheaper)
    front.ok("catalogue", "draft", file, "--actor", "carla")
    for version in ("1", "2"):
        [row] = on_cli(front, "catalogue", "show", f"tailor@{version}")["rows"]
        assert on_http(door, f"catalogues/tailor/versions/{version}") == row
    assert on_http(door, "catalogues/tailor/versions/latest")["version"] == 2
    differences = on_http(door, "catalogues/tailor/versions/latest/differences", old=1)
    assert differences == on_cli(front, "catalogue", "diff", "tailor@1", "tailor@2")
    assert [row["was"] for row in differences["rows"]] == ["79.00"]
    same = {"old": "latest", "old_book": "tailor"}
    assert on_http(door, "catalogues/tailor/versions/2/differences", **same) == {"rows": []}
    for path, field in (("nothing/versions/1", "book"), ("tailor/versions/3", "version")):
        problem(door.client.get(f"/v1/catalogues/{path}"), 404, field)
    problem(door.client.get("/v1/catalogues/tailor/versions/0"), 422, "version")
    problem(door.client.get("/v1/catalogues/tailor/versions/1/differences"), 422, "old")


def test_a_withdrawal_names_whom_it_affects(door, front):
    affected = on_http(door, "catalogues/tailor/affected", option="fit")["rows"]
    wide = [row for row in affected if row["value"] == "wide"]
    assert 0 < len(wide) < len(affected)
    assert on_http(door, "catalogues/tailor/affected", option="fit", value="wide")["rows"] == wide
    both = {"option": "fit", "value": ["wide", "slim"]}
    assert len(on_http(door, "catalogues/tailor/affected", **both)["rows"]) >= len(wide)
    words = ("catalogue", "withdraw", "tailor", "fit", "--value", "wide", "--actor", "carla")
    assert on_cli(front, *words)["rows"] == wide
    assert on_http(door, "catalogues/tailor/affected", option="nothing") == {"rows": []}
    problem(door.client.get("/v1/catalogues/tailor/affected"), 422, "option")


def test_held_reports_are_listed_and_released(door, front):
    for number in (1, 2):
        subject = f"order/held-{number}"
        held = message(f"h{number}", "order.order-shipped.v1", subject, {"carrier": "bike"})
        assert door.publish(held).json()["items"][0]["status"] == "held"
    first = on_http(door, "held", limit=1)
    second = on_http(door, "held", limit=1, page=first["next"])
    rows = first["rows"] + second["rows"]
    assert rows == on_cli(front, "held")["rows"]
    path = f"/v1/held/{rows[0]['id']}/release"
    unknown = door.client.post(path, json={"customer": "shop:nobody"})
    assert unknown.status_code in (403, 422), unknown.text
    released = door.client.post(path, json={})
    assert (released.status_code, released.json()["in_log"]) == (200, None)
    assert on_http(door, "held")["rows"] == rows[1:]
    again = door.client.post(path, json={})
    assert "GET /v1/held lists" in problem(again, 404, "id")
    problem(door.client.post("/v1/held/7/release", json={}), 404, "id")
    problem(door.client.post(path, json={"customers": "shop:ann"}), 422, "customers")
    problem(door.client.post(path, content=b"customer=shop:ann"), 422)
    elsewhere = door.client.post(path, json={}, headers={"Origin": "http://shop.example"})
    assert problem(elsewhere, 403, "Origin")


def test_messages_in_quarantine_are_shown_amended_sent_and_dropped(door, front):
    event = message("q", "customer.preference-stated.v1", f"customer/{CUSTOMER}",
                    {"attribute": "milk", "value": "oat", **FACTS})  # fmt: skip
    unfinished = {**event, "data": {}}
    with Deployment(Settings(home=front.home)) as deployment:
        for number in range(4):
            received = ReceivedMessage(
                partition=0, offset=number, received=datetime.now(UTC), key=b"\xff",
                headers=(("basis", b"personalize"), ("content-type", ONE.encode())),
                value=json.dumps({**unfinished, "id": f"q{number}"}).encode(),
            )  # fmt: skip
            refusal = Malformed("data.attribute: is missing: add it", "data.attribute")
            deployment.quarantine.add([(received, refusal)])
    first = on_http(door, "quarantine", limit=3)
    rows = first["rows"] + on_http(door, "quarantine", limit=3, page=first["next"])["rows"]
    assert rows == on_cli(front, "quarantine")["rows"]
    ids = [row["id"] for row in rows]
    shown = on_http(door, f"quarantine/{ids[0]}")
    assert shown == json.loads(front.ok("quarantine", "show", ids[0]))
    assert (json.loads(shown["value"])["id"], shown["key_base64"]) == ("q0", "/w==")

    def post(path, content=b""):
        return door.client.post(f"/v1/quarantine/{path}", content=content)

    sent = post("send").json()
    assert (sent["accepted"], [refused["id"] for refused in sent["refused"]]) == (0, ids)
    assert "is missing" in post(f"{ids[0]}/send").json()["refused"][0]["reason"]
    still = post(f"{ids[0]}/amend", b"no JSON").json()
    assert (still["accepted"], still["refused"][0]["id"]) == (0, ids[0])
    amended = post(f"{ids[0]}/amend", json.dumps(event).encode())
    assert amended.json() == {"accepted": 1, "refused": []}
    assert post(f"{ids[1]}/drop").status_code == 204
    assert [row["id"] for row in on_http(door, "quarantine")["rows"]] == ids[2:]
    for path in (f"{ids[0]}/send", f"{ids[1]}/drop", f"{ids[1]}/amend", "7/drop"):
        assert "in quarantine" in problem(post(path), 404, "id")
    assert "in quarantine" in problem(door.client.get(f"/v1/quarantine/{ids[1]}"), 404, "id")


def test_lags_have_a_row_for_each_group_and_partition(door, front):
    front.ok("init")  # which brings the views up to what is stored
    assert on_http(door, "lag")["rows"] == on_cli(front, "lag")["rows"]


def test_unknown_views_and_parameters_are_problems(door):
    assert "'profile'" in problem(door.client.get("/v1/figures/nothing"), 422, "view")
    problem(door.client.get("/v1/figures/profile?min_position=x"), 422, "min_position")
    problem(door.client.get("/v1/instructions/waiting?limit=0"), 422, "limit")
