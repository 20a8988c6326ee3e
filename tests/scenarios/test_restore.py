"""A database that is lost, wholly or in part, is restored from the log in Kafka."""

from __future__ import annotations

import json
import re

import pytest

from domain.event import Cursor
from tests.frontdoor import FACTS, message
from tests.homes import (
    back_up,
    copy_home,
    database,
    restore_backup,
    stored_rows,
    view_rows,
    with_empty_home,
)
from tests.httpdoor import BATCH, serving
from tests.within import Within

pytestmark = pytest.mark.one_log("the embedded log is lost with the database")

KIND = "customer.preference-stated.v1"
ERASED = {"sealed": ""}


def milk(id, customer="ann", value="oat"):
    data = {"attribute": "milk", "value": value, **FACTS}
    return message(id, KIND, f"customer/shop:{customer}", data, reason="said so")


@pytest.fixture
def front(tmp_path, home_template, on_kafka):
    return Within(copy_home(home_template, tmp_path), (*on_kafka, ("ORDERMADE_LINGER_S", "0.1")))


def order(front, id, *customer):
    """Drafts an order and makes a choice with a personal text."""
    front.ok("order", "draft", id, "--line", "L1=shirt", *customer)
    front.ok("order", "choose", id, "L1", "monogram", "serif", "--stage", "packaging",
             "--text", "A.B.", "--id", f"choose-{id}")  # fmt: skip


def test_a_lost_database_is_restored_row_by_row_and_the_log_goes_on(front, tmp_path):
    messages = [milk(f"m{n}", f"c{n % 7}", f"v{n}") for n in range(60)]
    front.publish(*messages)
    order(front, "7", "--customer", "shop:c1")
    order(front, "8")
    front.ok("consent", "withdraw", "shop:c2", "analyse", "--policy", "2026-03")
    before, rows, profiles = stored_rows(front), view_rows(front), front.show("profile")
    keys = tmp_path / "keys"
    report = json.loads(front.ok("keys", "export", keys, "--json"))
    assert report == {"file": str(keys), "owners": 8, "aliases": 7}
    assert keys.stat().st_mode & 0o777 == 0o600
    secrets = json.loads((front.home / "secrets.json").read_text())
    assert secrets["masters"]["m1"] not in keys.read_text()

    other = with_empty_home(front, tmp_path / "other")
    assert "`ordermade restore`" in other.refused("order", "draft", "9", "--line", "L1=shirt")
    truncated = tmp_path / "truncated"
    truncated.write_bytes(keys.read_bytes()[:-20])
    assert "is not a complete backup of keys" in other.refused("restore", "--keys", truncated)
    report = json.loads(other.ok("restore", "--keys", keys, "--json"))
    assert report == {
        "events": len(before["event"]), "incarnation": 2,
        "erased": {"owners": 0, "values": 0}, "views": True,
    }  # fmt: skip
    for table, rows_of in stored_rows(other).items():
        assert set(rows_of) ^ set(before[table]) == set(), table
    assert view_rows(other) == rows
    assert other.show("profile") == profiles
    assert "there is nothing to restore" in other.refused("restore")

    again = [milk("m59", "c3", "v59"), milk("m58", "c2", "another"), milk("new", "c4")]
    (tmp_path / "again.jsonl").write_text("".join(json.dumps(m) + "\n" for m in again))
    done = other.run("import", "events", tmp_path / "again.jsonl", "--basis", "personalize")
    assert "3 read, 1 accepted, 1 already stored, 0 held, 1 refused" in done.stdout
    repeated = other.ok("order", "choose", "7", "L1", "monogram", "serif", "--stage", "packaging",
                        "--text", "A.B.", "--id", "choose-7")  # fmt: skip
    assert "carried out before" in repeated
    assert " at 1." in repeated
    assert re.search(r"order.order-drafted.v1 at 2\.\d+\.\d+",
                     other.ok("order", "draft", "9", "--line", "L1=shirt"))  # fmt: skip


def test_without_keys_personal_values_read_erased_and_are_counted(front, tmp_path):
    front.publish(*[milk(f"m{n}", f"c{n % 3}") for n in range(6)])
    order(front, "8")
    front.ok("order", "draft", "9", "--line", "L1=shirt")  # has no personal value
    keys = tmp_path / "keys"
    front.ok("keys", "export", keys)
    stranger = with_empty_home(front, tmp_path / "stranger", secrets=False)
    assert "was exported with other secrets" in stranger.refused("restore", "--keys", keys)
    output = stranger.ok("restore")
    # Value and reason of each message, and the text of the order.
    assert "13 personal values of 4 owners read Erased" in " ".join(output.split())
    profiles = stranger.show("profile")
    assert [p["values"] for p in profiles] == [ERASED] * 3
    assert "the key of order/8 was lost" in stranger.refused(
        "order", "clear", "8", "L1", "monogram", "--stage", "packaging"
    )
    # Order 9 had no sealed value; a customer of a known name is a new customer.
    stranger.ok("order", "choose", "9", "L1", "monogram", "serif", "--stage", "packaging",
                "--text", "A.B.")  # fmt: skip
    stranger.publish(milk("new", "c1"))
    assert len(stranger.show("profile")) == 4


def test_a_database_older_than_its_log_takes_no_writes_until_it_is_restored(front, tmp_path):
    front.publish(*[milk(f"m{n}", f"c{n % 7}") for n in range(20)])
    back_up(front, tmp_path / "backup")
    front.publish(*[milk(f"n{n}", f"d{n % 7}") for n in range(20)])
    front.ok("--wait-log", "order", "draft", "7", "--line", "L1=shirt")
    front.ok("keys", "export", tmp_path / "keys")
    with serving(front) as door:
        in_log = door.client.get("/v1/health").json()["position"]
        late = door.client.post(
            "/v1/events", params={"basis": "personalize", "wait": "log", "timeout_s": 0.1},
            json=[milk("lost", "c1")], headers={"Content-Type": BATCH},
        )  # fmt: skip
        assert late.status_code == 202
        assert late.json()["in_log"] is False
    lost = late.json()["min_position"]
    with database(front) as db:
        rows = "SELECT * FROM store.event WHERE id <> (SELECT id FROM store.event " \
               "ORDER BY recorded DESC, id LIMIT 1) ORDER BY partition, number"  # fmt: skip
        before = db.execute(rows).fetchall()
    restore_backup(front, tmp_path / "backup")

    with serving(front) as door:
        assert door.client.get("/v1/views/profile").status_code == 200
        for refused in (
            door.publish(milk("x"), "personalize"),
            door.command("orders/9", "draft", {"lines": [{"line_id": "L1", "product": "shirt"}]}),
        ):
            assert refused.status_code == 503
            assert refused.json()["type"] == "urn:ordermade:problem:store-behind"
            assert "`ordermade restore`" in refused.json()["detail"]
        assert door.publish(milk("m1", "c1"), "").json()["items"][0]["status"] == "known"
        assert len(front.show("profile")) == 7
        assert "`ordermade restore`" in front.refused("order", "draft", "9", "--line", "L1=shirt")

        report = json.loads(front.ok("restore", "--keys", tmp_path / "keys", "--json"))
        assert report["events"] >= 21
        assert report["incarnation"] == 2
        again = door.publish(milk("lost", "c1"), "personalize")  # without a new start of the server
        assert again.json()["items"][0]["position"].startswith("2.")
        following = door.client.get("/v1/log", params={"after": in_log})
        assert following.status_code == 200
        invalid = door.client.get("/v1/log", params={"after": lost})
        assert invalid.status_code == 409
        assert "were lost when it was restored" in invalid.json()["detail"]
        assert Cursor.parse(following.json()["next"]).incarnation == 2
    with database(front) as db:
        assert [r for r in db.execute(rows).fetchall() if r[0] == 1] == before
    assert len(front.show("profile")) == 14
    front.ok("--wait-log", "order", "draft", "9", "--line", "L1=shirt")


def test_a_store_that_has_other_events_than_the_log_is_not_restored(front, tmp_path):
    front.ok("order", "draft", "7", "--line", "L1=shirt")
    other = Within(tmp_path / "other", front.more)
    away = Within(other.home, (*front.more, ("ORDERMADE_KAFKA", "127.0.0.1:1")))
    assert (
        "the views wait: no answer from Kafka"
        in away.run("order", "draft", "7", "--line", "L1=coat").stderr
    )
    assert "is another in the log than in the store" in other.refused("restore")


def test_waiting_for_the_log_and_restoring_are_refused_without_kafka(tmp_path):
    front = Within(tmp_path / "home")
    assert "set ORDERMADE_KAFKA" in front.refused("--wait-log", "init")
    assert "set ORDERMADE_KAFKA" in front.refused("restore")
    with serving(front) as door:
        answer = door.client.post("/v1/orders/7/draft", params={"wait": "log"},
                                  json={"arguments": {"lines": []}},
                                  headers={"Idempotency-Key": "1"})  # fmt: skip
    assert answer.status_code == 422
    assert answer.json()["field"] == "wait"
