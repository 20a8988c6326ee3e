"""A consumer that uses Kafka, CloudEvents and docs/events, and no code of ordermade."""

from __future__ import annotations

import json
from collections import Counter
from hashlib import sha256
from pathlib import Path

import pytest
from cloudevents.core.bindings.kafka import KafkaMessage, from_structured
from cloudevents.core.formats.json import JSONFormat
from confluent_kafka import Consumer, TopicPartition
from jsonschema import Draft202012Validator

from tests.frontdoor import FACTS, Front, message

SCHEMAS = {
    schema["$id"]: schema
    for file in Path(__file__).parents[2].joinpath("docs/events").glob("*.schema.json")
    for schema in [json.loads(file.read_text())]
}
SEALED = {
    "type": "object",
    "properties": {"sealed": {"type": "string", "contentEncoding": "base64"}},
    "required": ["sealed"],
    "additionalProperties": False,
}


@pytest.fixture
def front(tmp_path, on_kafka):
    return Front(tmp_path / "home", on_kafka)


def publish(front: Front) -> None:
    """Stores facts, decisions and a report of the plant, with personal values among them."""
    preference = {"attribute": "milk", "value": "oat", **FACTS}
    measured = {"measurement_id": "m1", "name": "collar", "mm": 412.5, **FACTS}
    adopted = {
        "lines": [{"line_id": "L1", "product": "shirt", "quantity": 1, "unit_price": "10.00"}],
        "total": "10.00", "currency": "EUR",
        "origin": "till",
    }  # fmt: skip
    front.publish(
        message("e1", "customer.preference-stated.v1", "customer/shop:ann", preference,
                reason="she said so"),
        message("e2", "customer.measurement-submitted.v2", "customer/shop:ann", measured),
        message("e3", "customer.preference-stated.v1", "customer/shop:bob", preference),
        message("e4", "order.order-adopted.v1", "order/9", adopted),
    )  # fmt: skip
    front.ok("order", "draft", "7", "--customer", "shop:ann", "--line", "L1=shirt")
    front.ok("order", "choose", "7", "L1", "monogram", "serif", "--stage", "packaging",
             "--text", "A.B.")  # fmt: skip
    front.ok("order", "quote", "7", "Q1", "--line", "L1=40.00", "--currency", "EUR")
    front.ok("order", "place", "7", "Q1")


def read_topics(front: Front) -> list[list]:
    """Every record of both topics, a list for each of their partitions."""
    settings = dict(front.more)
    consumer = Consumer({"bootstrap.servers": settings["ORDERMADE_KAFKA"], "group.id": "anybody"})
    records: dict[tuple[str, int], list] = {}
    ends: dict[tuple[str, int], int] = {}
    try:
        for name in ("log", "catalogue"):
            topic = f"{settings['ORDERMADE_KAFKA_TOPICS']}.{name}"
            for n in consumer.list_topics(topic, 10).topics[topic].partitions:
                _, ends[topic, n] = consumer.get_watermark_offsets(TopicPartition(topic, n), 10)
                records[topic, n] = []
        consumer.assign([TopicPartition(topic, n, 0) for topic, n in ends])
        while any(len(records[partition]) < end for partition, end in ends.items()):
            for record in consumer.consume(100, 0.2):
                assert not record.error()
                records[record.topic(), record.partition()].append(record)
    finally:
        consumer.close()
    return list(records.values())


def checked_type(record) -> str:
    """The event type of a record that is as CloudEvents and docs/events describe it."""
    headers = dict(record.headers())
    assert headers["content-type"].startswith(b"application/cloudevents+json")
    plain = KafkaMessage({"content-type": headers["content-type"]}, None, record.value())
    event = from_structured(plain, JSONFormat())
    assert event.get_type() == headers["type"].decode()
    incarnation, partition, number = event.get_extension("position").split(".")
    assert (headers["incarnation"].decode(), headers["number"].decode()) == (incarnation, number)
    if record.topic().endswith(".log"):
        assert int(partition) == record.partition()
    owner = event.get_extension("customerid") or event.get_subject()
    assert record.key().decode() == owner
    recorded = json.loads(record.value())["recordedtime"]
    assert event.get_extension("recordedtime") == recorded
    schema = SCHEMAS[event.get_dataschema()]
    properties = {
        name: {"anyOf": [SEALED, {"type": "null"}]} if field["x-privacy"] == "personal" else field
        for name, field in schema["properties"].items()
    }
    Draft202012Validator(schema | {"properties": properties}).validate(event.get_data())
    return event.get_type()


def checked_head(records: list) -> int:
    """The number of a partition's last event, when numbers have no gap and the chain is unbroken.

    A record may occur twice; the second is skipped.
    """
    chain, last = b"", 0
    for record in records:
        headers = dict(record.headers())
        if (number := int(headers["number"])) <= last:
            continue
        assert number == last + 1
        chain, last = sha256(chain + record.value()).digest(), number
        assert headers["chain"].decode() == chain.hex()
    return last


def test_a_consumer_without_our_code_reads_and_verifies_the_log(front):
    publish(front)
    partitions = read_topics(front)
    types = Counter(checked_type(record) for records in partitions for record in records)
    assert types == {
        "customer.preference-stated.v1": 2,
        "customer.measurement-submitted.v2": 1,
        "customer.consent-granted.v1": 2,
        "order.order-adopted.v1": 1,
        "order.order-drafted.v1": 1,
        "order.option-chosen.v1": 1,
        "order.quote-issued.v1": 1,
        "order.order-placed.v1": 1,
    }
    assert sum(map(checked_head, partitions)) == sum(types.values())
    whole = b"".join(record.value() for records in partitions for record in records)
    for personal in (b"oat", b"412.5", b"A.B.", b"she said so", b"shop:ann"):
        assert personal not in whole
