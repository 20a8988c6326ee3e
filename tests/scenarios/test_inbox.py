"""What others send to Kafka: taken in as over HTTP, or kept until somebody mends it."""

from __future__ import annotations

import json
import time
from contextlib import closing

import pytest
from kafka import KafkaAdminClient, KafkaConsumer, TopicPartition

from tests.frontdoor import FACTS, Front, message
from tests.kafkadoor import Publisher, running
from tests.within import Within

pytestmark = pytest.mark.one_log("what comes from Kafka has Kafka for its log")

BASIS = "fulfil,personalize"
STRUCTURED = {"content-type": b"application/cloudevents+json"}


@pytest.fixture
def front(tmp_path, on_kafka):
    made = Within(tmp_path / "home", on_kafka)
    made.ok("init")
    return made


@pytest.fixture
def publisher(front):
    with closing(Publisher(front)) as made:
        yield made


def stated(id, value, who="customer/shop:ann", attribute="milk"):
    data = {"attribute": attribute, "value": value, **FACTS}
    return message(id, "customer.preference-stated.v1", who, data)


def asked(id, name, data, about="order/7", **more):
    return message(id, name, about, data, **more)


def taken(front: Front) -> list[dict]:
    """The lag of the intake, once there is none."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        rows = [row for row in front.rows("lag") if row["group"] == "intake"]
        if not any(row["events"] for row in rows):
            return rows
    raise AssertionError(rows)


def quarantine(front: Front) -> dict[str, str]:
    return {row["id"]: row["reason"] for row in front.rows("quarantine")}


def test_facts_and_commands_come_in_and_what_is_refused_is_kept_once(front, publisher):
    def send_bad():
        publisher.raw(None)
        publisher.raw(b"secret", STRUCTURED)
        publisher.raw(b"\xff\xfe", STRUCTURED)
        publisher.raw(b'{"a":' * 100_000, STRUCTURED)
        publisher.raw(b"x" * (9 << 20), STRUCTURED)
        publisher.raw(b"{}")
        publisher.raw(b"{}", {"ce_id": b"\xff", "content-type": b"application/json"})
        publisher.send(stated("e3", "secret") | {"subject": "order/7"})
        publisher.send(stated("e4", "secret", "customer/shop:bob"), "analyse")
        publisher.send(stated("e5", "secret"), "secret")
        publisher.send(asked("c4", "order.place.v1", {"quote_id": "Q2"}))
        publisher.send(asked("c5", "order.draft.v1", {"line": "secret"}))

    granted = {"purposes": ["fulfil"], "policy_version": "p1"}
    publisher.send(asked("c0", "customer.grant-consent.v1", granted, "customer/shop:ann"))
    publisher.send(stated("e1", "oat") | {"partitionkey": "ann"}, BASIS)
    lines = {"lines": [{"line_id": "L1", "product": "shirt"}]}
    publisher.send(asked("c1", "order.draft.v1", lines, customerid="shop:ann"), structured=False)
    send_bad()
    publisher.send(asked("c1", "order.draft.v1", lines, customerid="shop:ann"))  # sent again
    for n in range(1, 12):
        said = stated(f"b{n}", "soy", f"customer/shop:c{n}")
        publisher.send(said, BASIS, structured=False, partition=n)
    publisher.send(stated("e2", "rye", attribute="bread"), BASIS, structured=False)
    publisher.flush()
    lag = [row for row in front.rows("lag") if row["group"] == "intake"]
    assert [row["partition"] for row in lag] == [*range(12)]
    assert [row["events"] for row in lag] == [17, *[1] * 11]
    assert all(0 < row["seconds"] < 60 for row in lag)
    with running(front, "up"):
        assert [row["head"] for row in taken(front)] == [17, *[1] * 11]
        kept = quarantine(front)
        assert sorted(kept.values()) == sorted(
            [
                "there is no value: an event is sent as one, and none is ever unsaid",
                *["this is no JSON: send one whole object, a line in a file, in UTF-8"] * 3,
                "a message has at most 8388608 bytes: say less in one event",
                "content-type: send one event as application/cloudevents+json, or its data as "
                "application/json with its attributes in ce_ headers",
                "ce_id: it is not UTF-8",
                "subject: an event of this type is about customer/<id>",
                "a customer of this name has not consented to personalize: record the consent, or "
                "name personalize as the basis on which the data is accepted",
                "basis: 1 of its words are no purposes: there are fulfil, personalize, analyse, "
                "append_third_party",
                "the order has no open quote Q2: ask for a quote",
                "data.line: is not a field of this type: leave it out",
            ]
        )
        send_bad()
        publisher.flush()
        taken(front)
        assert quarantine(front) == kept
    [order] = front.show("backlog", "7")
    [ann] = front.show("profile", "shop:ann")
    assert order["customer"] == ann["customer"]
    assert sorted(ann["values"]) == [["bread", "rye"], ["milk", "oat"]]
    assert len(front.show("profile")) == 12
    committed(front)


def committed(front: Front) -> None:
    """What `up` told Kafka when it ended is the end of the log, for each view."""
    told = dict(front.more)
    topics = told["ORDERMADE_KAFKA_TOPICS"]
    places = [TopicPartition(f"{topics}.log", n) for n in range(12)]
    reader = KafkaConsumer(bootstrap_servers=told["ORDERMADE_KAFKA"])
    ends = {place: end for place, end in reader.end_offsets(places).items() if end}
    reader.close()
    admin = KafkaAdminClient(bootstrap_servers=told["ORDERMADE_KAFKA"])
    groups = [g["group_id"] for g in admin.list_groups() if g["group_id"].startswith(topics)]
    found = admin.list_group_offsets(groups)
    admin.close()
    assert found.keys() >= {f"{topics}.{name}" for name in ("profile_v2", "audit_v1", "intake")}
    assert len(ends) > 3
    for group in set(found) - {f"{topics}.intake"}:
        assert {place: at.offset for place, at in found[group].items()} == ends


def test_what_is_kept_is_shown_mended_sent_again_and_dropped(front, publisher, tmp_path):
    publisher.send(
        stated("e1", "oat") | {"time": "2026-03-01T12:00:00+00:00", "colour": "red"}, BASIS
    )
    publisher.send(asked("c1", "order.place.v1", {"quote_id": "Q1"}, reason="private"))
    publisher.raw(b"\xff", STRUCTURED)
    publisher.flush()
    with running(front, "inbox"):
        taken(front)
    coloured, early, bytes_ = quarantine(front)
    shown = json.loads(front.ok("quarantine", "show", coloured))
    assert shown["headers"] == {"basis": BASIS, "content-type": "application/cloudevents+json"}
    said = json.loads(shown["value"])
    assert said["data"]["value"] == "oat"
    assert json.loads(front.ok("quarantine", "show", bytes_))["value_base64"] == "/w=="
    file = tmp_path / "mended.json"
    file.write_text(json.dumps(said | {"id": 7}))
    assert "id: Input should be a valid string" in front.refused(
        "quarantine", "amend", coloured, file
    )
    assert quarantine(front)[coloured].startswith("id: Input should be")
    del said["colour"]
    file.write_text(json.dumps(said))
    assert "1 accepted, 0 refused" in front.ok("quarantine", "amend", coloured, file)
    assert front.show("profile", "shop:ann")[0]["values"][0][1] == "oat"
    assert early in front.refused("quarantine", "send", early)
    front.ok("order", "draft", "7", "--line", "L1=shirt")
    front.ok("order", "quote", "7", "Q1", "--line", "L1=40.00", "--currency", "EUR")
    told = front.refused("quarantine", "send", "--all")
    assert bytes_ in told
    assert early not in told
    assert front.show("backlog", "7")[0]["status"] == "placed"
    front.ok("quarantine", "drop", bytes_)
    assert quarantine(front) == {}
    assert "no message is in quarantine under" in front.refused("quarantine", "drop", bytes_)
    assert "name one message, or say --all" in front.refused("quarantine", "send")
