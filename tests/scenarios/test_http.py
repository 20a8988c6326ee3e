"""Publishing, commands and reading over HTTP, as a backend service does it, from a real server."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest

from domain.event import Cursor
from tests.both_logs import LOGS
from tests.conftest import copy_home, log_of
from tests.frontdoor import FACTS, Front, message
from tests.httpdoor import BATCH, ONE, up

KIND = "customer.preference-stated.v1"


@pytest.fixture(scope="module", params=LOGS)
def front(request, home_template, tmp_path_factory):
    return Front(copy_home(home_template, tmp_path_factory.mktemp("http")), log_of(request))


@pytest.fixture(scope="module")
def door(front):
    with up(front) as door:
        yield door


def milk(id, customer="shop:ann", value="oat", **more):
    data = {"attribute": "milk", "value": value, **FACTS}
    return message(id, KIND, f"customer/{customer}", data, **more)


def problem(answer, status, field=None):
    """The detail of a problem that must have this status and field."""
    body = answer.json()
    assert answer.headers["content-type"] == "application/problem+json"
    assert (answer.status_code, body["status"], body["field"]) == (status, status, field), body
    return body["detail"]


def test_an_order_goes_from_draft_to_shipped_and_each_write_can_be_read(door, front):
    granted = {"purposes": ["fulfil", "analyse"], "policy_version": "p1"}
    assert door.command("customers/shop:eve", "grant-consent", granted).status_code == 201
    lines = [{"line_id": "L1", "product": "shirt", "quantity": 2}]
    drafted = door.command(
        "orders/7", "draft", {"lines": lines}, customer="shop:eve", actor="clerk"
    )
    assert drafted.status_code == 201
    assert door.rows("backlog", "7", drafted)[0]["status"] == "draft"
    chosen = {**FACTS, "stage": "packaging", "line_id": "L1", "option": "monogram",
              "value": "serif", "text": "A.B."}  # fmt: skip
    [event] = door.command("orders/7", "choose", {"choice": chosen}).json()["events"]
    assert (event["type"], event["data"]["text"]) == ("order.option-chosen.v1", "A.B.")
    quote = {"quote_id": "Q1", "lines": [{"line_id": "L1", "amount": "80.00"}], "currency": "EUR",
             "expires_at": "2099-01-01T00:00:00Z"}  # fmt: skip
    assert door.command("orders/7", "quote", quote).status_code == 201
    assert door.command("orders/7", "place", {"quote_id": "Q1"}).status_code == 201
    work = {"operation_id": "cut", "line_id": "L1", "work_centre": "cutting"}
    assert door.command("orders/7", "queue", {"route": [work]}).status_code == 201
    reports = [
        message("r1", "order.operation-started.v1", "order/7", work),
        message("r2", "order.operation-completed.v1", "order/7",
                {**work, "quantity": 2, "run_s": 90}),
        message("r3", "order.order-shipped.v1", "order/7", {"carrier": "bike"}),
    ]  # fmt: skip
    sent = door.publish(reports, kind=BATCH)
    assert [item["status"] for item in sent.json()["items"]] == ["accepted"] * 3
    assert door.rows("backlog", "7", sent)[0]["status"] == "shipped"
    history = door.rows("audit", "order/7", sent)
    assert history[0]["actor"] == "clerk"
    assert history == front.show("audit", "order/7")
    assert "is shipped and cannot" in problem(
        door.command("orders/7", "place", {"quote_id": "Q2"}), 409, "status"
    )


def test_a_command_is_carried_out_once(door):
    lines = {"lines": [{"line_id": "L1", "product": "hat"}]}
    first = door.command("orders/once", "draft", lines, id="c1")
    again = door.command("orders/once", "draft", lines, id="c1")
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json() == {**first.json(), "known": True}
    other = {"lines": [{"line_id": "L2", "product": "hat"}]}
    assert "other contents" in problem(
        door.command("orders/once", "draft", other, id="c1"), 409, "id"
    )
    assert door.command("orders/once", "draft", other, id="c1", source="/till").status_code == 409
    ended = door.command("orders/once", "cancel", {}, reason="changed her mind")
    repeated = door.command("orders/once", "cancel", {})
    assert (ended.status_code, repeated.status_code) == (201, 200)
    assert repeated.json() == {"events": [], "known": False, "min_position": None, "in_log": None}
    keyless = door.client.post("/v1/orders/once/cancel", json={"arguments": {}})
    assert "is missing: add it" in problem(keyless, 422, "Idempotency-Key")
    unplaced = {"quote_id": 7}
    assert "string" in problem(
        door.command("orders/once", "place", unplaced), 422, "arguments.quote_id"
    )
    assert "no JSON" in problem(
        door.client.post(
            "/v1/orders/once/cancel", content=b"{", headers={"Idempotency-Key": "1"}
        ), 422,
    )  # fmt: skip


def test_an_id_may_have_slashes(door):
    lines = {"lines": [{"line_id": "L1", "product": "hat"}]}
    drafted = door.command("orders/2026%2F03%2F7", "draft", lines)
    assert drafted.json()["events"][0]["subject"] == "order/2026/03/7"
    cancelled = door.command("orders/2026/03/7", "cancel", {})
    assert door.rows("backlog", "2026%2F03%2F7", cancelled)[0]["status"] == "cancelled"


def test_an_event_is_stored_once_and_refused_with_the_field(door):
    first = door.publish(milk("1"), "personalize")
    again = door.publish(milk("1"), "personalize")
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json()["items"][0]["status"] == "known"
    assert again.json()["items"][0]["position"] == first.json()["items"][0]["position"]
    row = door.rows("profile", "shop:ann", again)[0]
    assert row["values"] == [["milk", "oat"]]
    assert door.rows("profile", row["customer"], again) == [row]
    differs = door.publish(milk("1", value="soy"), "personalize")
    assert "soy" not in problem(differs, 409, "id")
    assert "personalize" in problem(door.publish(milk("2", "shop:bob")), 403, "customerid")
    assert "no zone" in problem(door.publish(milk("2", time="2026-03-01T12:00:00")), 422, "time")
    cut = door.client.post("/v1/events", content=b'{"id": "cut', headers={"Content-Type": ONE})
    assert "no JSON" in problem(cut, 422)
    assert "purposes" not in problem(door.publish(milk("3"), "world-domination"), 422, "basis")


def test_a_batch_is_answered_item_by_item(door):
    batch = [milk("b1"), milk("b1"), milk("b1", value="soy"), {"id": "b2"}, 7]
    answer = door.publish(batch, "personalize", BATCH)
    items = answer.json()["items"]
    assert answer.status_code == 200
    assert [i["status"] for i in items] == ["accepted", "known", "refused", "refused", "refused"]
    assert [i["problem"]["status"] for i in items[2:]] == [409, 422, 422]
    assert items[3]["problem"]["field"] == "type"
    assert door.publish([], kind=BATCH).json() == {
        "items": [],
        "min_position": None,
        "in_log": None,
    }
    assert "JSON array" in problem(door.publish({}, kind=BATCH), 422)


def test_a_report_on_an_unopened_order_is_held_until_it_opens(door):
    shipped = message("early", "order.order-shipped.v1", "order/late", {"carrier": "bike"})
    held = door.publish(shipped)
    assert (held.status_code, held.json()["items"][0]["status"]) == (202, "held")
    drafted = door.command("orders/late", "draft", {"lines": [{"line_id": "L1", "product": "hat"}]})
    assert drafted.status_code == 201
    again = door.publish(shipped)
    assert (again.status_code, again.json()["items"][0]["status"]) == (200, "known")
    assert door.rows("backlog", "late", again)[0]["status"] == "shipped"


def test_concurrent_first_events_of_a_new_customer_are_all_accepted(door):
    for customer in ("shop:new-1", "shop:new-2", "shop:new-3"):
        events = [milk(f"{customer}-{n}", customer) for n in range(16)]
        with ThreadPoolExecutor(16) as pool:
            answers = list(pool.map(lambda m: door.publish(m, "personalize").status_code, events))
        assert answers == [201] * 16


def test_an_event_in_headers_is_percent_decoded(door):
    headers = {
        "Content-Type": "application/json; charset=utf-8", "ce-specversion": "1.0", "ce-id": "h1",
        "ce-source": "/shop", "ce-type": KIND, "ce-subject": "customer/shop:J%C3%BCrgen%25",
        "ce-time": "2026-03-01T12:00:00Z", "ce-channel": r'"a \"shop\""',
    }  # fmt: skip
    data = {"attribute": "milk", "value": "oat", **FACTS}

    def send(content, **more):
        return door.client.post("/v1/events?basis=personalize", content=content,
                                headers={**headers, **more})  # fmt: skip

    sent = send(json.dumps(data))
    assert sent.status_code == 201, sent.text
    customer = door.rows("profile", "shop:Jürgen%", sent)[0]["customer"]
    assert door.rows("audit", f"customer/{customer}", sent)[-1]["channel"] == 'a "shop"'
    assert "no JSON" in problem(send(b'{}, "id": "h2"'), 422, "data")
    assert "UTF-8" in problem(send(b"{}", **{"ce-actor": "%FF"}), 422, "ce-actor")
    assert "is not a field" in problem(send(json.dumps(data), **{"ce-mood": "good"}), 422, "mood")
    plain = door.client.post("/v1/events", json=milk("1"))
    assert "as application/cloudevents+json" in problem(plain, 415, "Content-Type")


def test_a_request_that_is_too_large_is_refused_whole(door):
    before = door.client.get("/v1/health").json()["position"]
    many = door.publish([milk(f"m{n}") for n in range(1001)], "personalize", BATCH)
    assert "at most 1000 events" in problem(many, 413)
    large = door.publish(milk("m1", value="x" * 9_000_000), "personalize")
    assert "at most 8388608 bytes" in problem(large, 413)
    assert door.client.get("/v1/health").json()["position"] == before


def test_rows_are_read_in_pages(door):
    sent = door.publish([milk(f"p{n}", f"shop:page-{n}") for n in range(25)], "personalize", BATCH)
    door.rows("profile", "shop:page-1", sent)

    def pages(path, limit):
        page = None
        while True:
            params = {"limit": limit, **({"page": page} if page else {})}
            answer = door.client.get(path, params=params).json()
            yield answer["rows"]
            if (page := answer["next"]) is None:
                return

    whole = [row for rows in pages("/v1/views/profile", 1000) for row in rows]
    parts = list(pages("/v1/views/profile", 7))
    assert [row for rows in parts for row in rows] == whole
    assert len(parts) == -(-len(whole) // 7)
    assert len({row["customer"] for row in whole}) == len(whole) >= 25
    history = list(pages("/v1/views/audit/order/7", 4))
    numbers = [row["number"] for rows in history for row in rows]
    assert len(history) > 1
    assert numbers == sorted(set(numbers))
    for order in ("a", "b", "c"):
        lines = {"lines": [{"line_id": "L1", "product": "hat"}]}
        drafted = door.command(f"orders/eve-{order}", "draft", lines, customer="shop:eve")
    hers = door.rows("backlog", "shop:eve", drafted)
    one_each = list(pages("/v1/views/backlog/shop:eve", 1))
    assert len(hers) >= 3
    assert one_each == [[row] for row in hers]
    now = datetime.now(UTC).isoformat()  # older ones would be settled by the timers meanwhile
    started = [
        message(f"i{n}", "customer.intake-started.v1", "customer/shop:eve",
                {"intake_id": f"I{n}", "questions": ["beard"]}, time=now)
        for n in range(3)
    ]  # fmt: skip
    published = door.publish(started, kind=BATCH)
    due = door.rows("due", "customer/shop:eve", published)
    by_one = [row for rows in pages("/v1/views/due/customer/shop:eve", 1) for row in rows]
    assert [row["ref"] for row in by_one] == [row["ref"] for row in due] == ["I0", "I1", "I2"]
    for page in ("x", "5b5d", b'["a", "b"]'.hex(), rb'["0", "\u0000"]'.hex(), b'["0"]'.hex()):
        wrong = door.client.get("/v1/views/profile", params={"page": page})
        assert "no page of this view" in problem(wrong, 422, "page")
    assert "no row of this key" in problem(
        door.client.get("/v1/views/profile/shop:who"), 404, "key"
    )
    assert "'profile'" in problem(door.client.get("/v1/views/nothing"), 422, "view")
    assert "1000" in problem(door.client.get("/v1/views/audit?limit=1001"), 422, "limit")


def test_the_log_is_read_in_pages_and_stays_sealed(door):
    sent = door.publish(milk("secret", value="marker-of-milk"), "personalize")
    after, events = None, []
    while True:
        params = {"limit": 5, **({"after": after} if after else {})}
        page = door.client.get("/v1/log", params=params).json()
        if not page["events"]:
            break
        assert len(page["events"]) <= 5
        events += page["events"]
        after = page["next"]
    numbers: dict = {}
    for event in events:
        _, partition, number = event["position"].split(".")
        numbers.setdefault(partition, []).append(int(number))
    assert all(given == list(range(1, len(given) + 1)) for given in numbers.values())
    assert after == door.client.get("/v1/health").json()["position"]
    [event] = [e for e in events if e["position"] == sent.json()["items"][0]["position"]]
    assert list(event["data"]["value"]) == ["sealed"]
    assert "marker-of-milk" not in json.dumps(events)


def test_a_cursor_of_another_log_is_refused(door):
    now = Cursor.parse(door.client.get("/v1/health").json()["position"])
    restored = str(Cursor(now.incarnation + 1, now.numbers))
    ahead = str(Cursor(now.incarnation, tuple(n + 1 for n in now.numbers)))
    short = str(Cursor(now.incarnation, (0,)))
    for cursor, words in ((restored, "incarnation"), (ahead, "ahead"), (short, "deployment")):
        assert words in problem(door.client.get("/v1/log", params={"after": cursor}), 409)
        assert words in problem(
            door.client.get("/v1/views/profile", params={"min_position": cursor}), 409
        )
    for wrong in ("", "x", "MTow LDA", str(Cursor(now.incarnation, (-1,) * len(now.numbers)))):
        problem(door.client.get("/v1/log", params={"after": wrong}), 422, "after")


def test_a_listener_gets_new_events_and_resumes_where_it_stopped(door):
    start = door.client.get("/v1/health").json()["position"]

    def listen(count, **how):
        """Up to `count` events, each with its cursor."""
        headers = {"Accept": "text/event-stream", **how.pop("headers", {})}
        with door.client.stream("GET", "/v1/log", headers=headers, **how) as stream:
            assert stream.headers["content-type"].startswith("text/event-stream")
            id, received = "", []
            for line in stream.iter_lines():
                if line.startswith("id: "):
                    id = line[4:]
                if line.startswith("data: "):
                    received.append((id, json.loads(line[6:])))
                if line.startswith(":"):  # the stream has begun: events published now must come
                    door.publish(
                        [milk(f"s{n}-{id}{start}") for n in range(3)], "personalize", BATCH
                    )
                if len(received) == count:
                    return received
        raise AssertionError(received)

    received = listen(3, params={"after": start})
    resumed = listen(2, params={"after": start}, headers={"Last-Event-ID": received[0][0]})
    assert resumed == received[1:]
    [again] = door.client.get("/v1/log", params={"after": received[1][0], "limit": 1}).json()[
        "events"
    ]
    assert again == received[2][1]


def test_unknown_paths_methods_and_hosts_are_problems(door):
    assert "/openapi.json" in problem(door.client.get("/v1/nothing"), 404)
    assert problem(door.client.post("/v1/orders/7/plaice"), 404)
    wrong = door.client.delete("/v1/events")
    assert problem(wrong, 405)
    assert wrong.headers["allow"] == "POST"
    elsewhere = door.client.get("/v1/health", headers={"Host": "evil.example"})
    assert "only localhost" in problem(elsewhere, 421, "Host")


def test_the_documentation_page_lists_every_operation_and_loads_nothing(door):
    page = door.client.get("/docs")
    assert page.headers["content-type"].startswith("text/html")
    for path in door.client.get("/openapi.json").json()["paths"]:
        assert path in page.text
    assert "//" not in page.text.replace("<!doctype", "")
