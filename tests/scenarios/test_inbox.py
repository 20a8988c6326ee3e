"""Messages to the inbox in Kafka: accepted as over HTTP, or kept in quarantine."""

from __future__ import annotations

import json
import time
from contextlib import closing

import pytest
from kafka import KafkaAdminClient, KafkaConsumer, TopicPartition

from tests.frontdoor import FACTS, Front, message
from tests.kafkadoor import Publisher, running
from tests.within import Within

pytestmark = pytest.mark.one_log("an inbox needs Kafka, which is the log then")

BASIS = "fulfil,personalize"
STRUCTURED = {"content-type": b"application/cloudevents+json"}


@pytest.fixture
def front(tmp_path, on_kafka):
    front = Within(tmp_path / "home", on_kafka)
    front.ok("init")
    return front


@pytest.fixture
def publisher(front):
    with closing(Publisher(front)) as publisher:
        yield publisher


def stated(id, value, subject="customer/shop:ann", attribute="milk"):
    data = {"attribute": attribute, "value": value, **FACTS}
    return message(id, "customer.preference-stated.v1", subject, data)


def command(id, name, data, subject="order/7", **more):
    return message(id, name, subject, data, **more)


def inbox_read(front: Front) -> list[dict]:
    """The lags of the inbox, as soon as all of it is read."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        rows = [row for row in front.rows("lag") if row["group"] == "intake"]
        if not any(row["events"] for row in rows):
            return rows
    raise AssertionError(rows)


def quarantine(front: Front) -> dict[str, str]:
    return {row["id"]: row["reason"] for row in front.rows("quarantine")}


def test_facts_and_commands_are_accepted_and_refused_messages_kept_once(front, publisher):
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
        publisher.send(command("c4", "order.place.v1", {"quote_id": "Q2"}))
        publisher.send(command("c5", "order.draft.v1", {"line": "secret"}))

    consent = {"purposes": ["fulfil"], "policy_version": "p1"}
    publisher.send(command("c0", "customer.grant-consent.v1", consent, "customer/shop:ann"))
    publisher.send(stated("e1", "oat") | {"partitionkey": "ann"}, BASIS)
    lines = {"lines": [{"line_id": "L1", "product": "shirt"}]}
    publisher.send(command("c1", "order.draft.v1", lines, customerid="shop:ann"), structured=False)
    send_bad()
    publisher.send(command("c1", "order.draft.v1", lines, customerid="shop:ann"))  # sent again
    for n in range(1, 12):
        event = stated(f"b{n}", "soy", f"customer/shop:c{n}")
        publisher.send(event, BASIS, structured=False, partition=n)
    publisher.send(stated("e2", "rye", attribute="bread"), BASIS, structured=False)
    publisher.flush()
    lag = [row for row in front.rows("lag") if row["group"] == "intake"]
    assert [row["partition"] for row in lag] == [*range(12)]
    assert [row["events"] for row in lag] == [17, *[1] * 11]
    assert all(0 < row["seconds"] < 60 for row in lag)
    with running(front, "up"):
        assert [row["head"] for row in inbox_read(front)] == [17, *[1] * 11]
        quarantined = quarantine(front)
        assert sorted(quarantined.values()) == sorted(
            [
                "the message has no value: send an event as the value. A tombstone deletes nothing "
                "here, since events are never deleted",
                *["this is no JSON: send one whole object in UTF-8, on one line of a file"] * 3,
                "a message has at most 8388608 bytes: send a smaller event",
                "content-type: send one event as application/cloudevents+json, or its data as "
                "application/json with its attributes in ce_ headers",
                "ce_id: the header is not UTF-8",
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
        inbox_read(front)
        assert quarantine(front) == quarantined
    [order] = front.show("backlog", "7")
    [ann] = front.show("profile", "shop:ann")
    assert order["customer"] == ann["customer"]
    assert sorted(ann["values"]) == [["bread", "rye"], ["milk", "oat"]]
    assert len(front.show("profile")) == 12
    assert_offsets_committed(front)


def assert_offsets_committed(front: Front) -> None:
    """Each view has committed the end of the log to Kafka, when `up` has ended."""
    settings = dict(front.more)
    topics = settings["ORDERMADE_KAFKA_TOPICS"]
    places = [TopicPartition(f"{topics}.log", n) for n in range(12)]
    reader = KafkaConsumer(bootstrap_servers=settings["ORDERMADE_KAFKA"])
    ends = {place: end for place, end in reader.end_offsets(places).items() if end}
    reader.close()
    admin = KafkaAdminClient(bootstrap_servers=settings["ORDERMADE_KAFKA"])
    groups = [g["group_id"] for g in admin.list_groups() if g["group_id"].startswith(topics)]
    offsets = admin.list_group_offsets(groups)
    admin.close()
    assert offsets.keys() >= {f"{topics}.{name}" for name in ("profile_v2", "audit_v1", "intake")}
    assert len(ends) > 3
    for group in set(offsets) - {f"{topics}.intake"}:
        assert {place: at.offset for place, at in offsets[group].items()} == ends


def test_a_refused_message_is_shown_amended_sent_again_and_dropped(front, publisher, tmp_path):
    publisher.send(
        stated("e1", "oat") | {"time": "2026-03-01T12:00:00+00:00", "colour": "red"}, BASIS
    )
    publisher.send(command("c1", "order.place.v1", {"quote_id": "Q1"}, reason="private"))
    publisher.raw(b"\xff", STRUCTURED)
    publisher.flush()
    with running(front, "inbox"):
        inbox_read(front)
    coloured, early, bytes_ = quarantine(front)
    shown = json.loads(front.ok("quarantine", "show", coloured))
    assert shown["headers"] == {"basis": BASIS, "content-type": "application/cloudevents+json"}
    event = json.loads(shown["value"])
    assert event["data"]["value"] == "oat"
    assert json.loads(front.ok("quarantine", "show", bytes_))["value_base64"] == "/w=="
    file = tmp_path / "amended.json"
    file.write_text(json.dumps(event | {"id": 7}))
    assert "id: Input should be a valid string" in front.refused(
        "quarantine", "amend", coloured, file
    )
    assert quarantine(front)[coloured].startswith("id: Input should be")
    del event["colour"]
    file.write_text(json.dumps(event))
    assert "1 accepted, 0 refused" in front.ok("quarantine", "amend", coloured, file)
    assert front.show("profile", "shop:ann")[0]["values"][0][1] == "oat"
    assert early in front.refused("quarantine", "send", early)
    front.ok("order", "draft", "7", "--line", "L1=shirt")
    front.ok("order", "quote", "7", "Q1", "--line", "L1=40.00", "--currency", "EUR")
    error = front.refused("quarantine", "send", "--all")
    assert bytes_ in error
    assert early not in error
    assert front.show("backlog", "7")[0]["status"] == "placed"
    front.ok("quarantine", "drop", bytes_)
    assert quarantine(front) == {}
    assert "no message is in quarantine under" in front.refused("quarantine", "drop", bytes_)
    assert "name one message, or use --all" in front.refused("quarantine", "send")
