"""No personal value is in Kafka or in a file of the home: tables, indexes, WAL, server log."""

from __future__ import annotations

import json
import re
import secrets
from datetime import UTC, datetime

import psycopg

import infra.schemas
from domain.event import TYPES, Kind
from infra.deployment import Deployment
from infra.kafka.cluster import Cluster
from projections import discover
from tests.frontdoor import FACTS, message
from tests.golden.sample import sample
from tests.integration.test_relay import records
from tests.members import settings_of


def marker():
    return f"marker{secrets.token_hex(12)}"


def files_with(home, words):
    """The words that occur in at least one file of the home."""
    encoded = {word.encode(code): word for word in words for code in ("utf-8", "utf-16-le")}
    any_of_them = re.compile(b"|".join(map(re.escape, encoded)))
    files = [path for path in home.rglob("*") if path.is_file()]
    return {encoded[match] for path in files for match in any_of_them.findall(path.read_bytes())}


def test_no_personal_value_is_in_any_file_and_a_plain_one_is(tmp_path, lone_front):
    front = lone_front  # members would fold an event before its type is changed
    personal: set[str] = set()
    messages = []

    def secret(_=None):
        personal.add(word := marker())
        return word

    for name, type in TYPES.items():
        if type.kind is Kind.DECISION:
            continue
        schema = infra.schemas.schema_of(name)
        data = sample(schema)
        for field, described in schema["properties"].items():
            if described["x-privacy"] == "personal" and isinstance(data[field], str):
                data[field] = secret()
            elif described["x-privacy"] == "personal":
                data[field] = 4242.4242871
        subject = f"customer/shop:{secret()}" if name.startswith("customer") else "order/7"
        more = {} if name.startswith("customer") else {"customerid": f"shop:{secret()}"}
        messages.append(message(name, name, subject, data, reason=secret(), **more))
    orders = [m for m in messages if m["subject"] == "order/7"]
    for m in orders:
        m["customerid"] = orders[0]["customerid"]
    plain = marker()
    messages.append(
        message("plain", "customer.behaviour-observed.v1", messages[0]["subject"],
                {"kind": "view", "item": plain})
    )  # fmt: skip
    front.publish(*messages, basis="fulfil,personalize,analyse,append_third_party")

    # Refused messages and commands.
    (tmp_path / "bad.jsonl").write_text(
        json.dumps(message(secret(), "order.no-such.v1", f"order/{secret()}", {"x": secret()}))
        + "\n{" + secret() + "\n"
        + json.dumps(message("r", "customer.preference-stated.v1", f"customer/shop:{secret()}",
                             {"attribute": "milk", "value": secret(), **FACTS}))
    )  # fmt: skip
    assert front.run("import", "events", tmp_path / "bad.jsonl", "--basis", "fulfil").returncode
    front.ok("order", "draft", "8", "--line", "L1=shirt")
    front.ok("order", "choose", "8", "L1", "monogram", "serif", "--stage", "packaging",
             "--text", secret())  # fmt: skip
    front.refused("order", "choose", "8", "L9", "monogram", "serif", "--stage", "packaging",
                  "--text", secret())  # fmt: skip
    instruction = {"instruction_id": "I1", "text": secret(), **FACTS}
    front.ok("order", "tell", "8", "instruct", json.dumps({"instruction": instruction}))
    front.ok("order", "cancel", "8", "--reason", secret())

    # A held report.
    front.publish(message("held", "order.order-delivered.v1", "order/9", {}, reason=secret()))
    assert len(front.rows("held")) == 1
    front.refused("sql", f"SELECT '{secret()}'::int")

    # A parked event, of a type that this release does not know.
    with Deployment(settings_of(front)) as deployment:
        data = {"attribute": "milk", "value": secret(), **FACTS}
        parked = message("p", "customer.preference-stated.v1", f"customer/shop:{secret()}", data)
        [answer] = deployment.gate(["personalize"]).accept(
            [json.dumps(parked).encode()], datetime.now(UTC)
        )
        [position] = answer.positions
        with psycopg.connect(deployment.url) as admin:
            admin.execute(
                "UPDATE store.event SET data = replace(encode(data, 'escape'), "
                "'preference-stated.v1', 'preference-sung.v1')::bytea "
                "WHERE partition = %s AND number = %s",
                [position.partition, position.number],
            )
        assert deployment.drain()
        rows = front.rows("parked")
        assert {row["view"] for row in rows} == set(discover())
        with psycopg.connect(deployment.url, autocommit=True) as admin:
            admin.execute("CHECKPOINT")

        assert len(personal) > 60
        assert files_with(front.home, {plain, *personal, "4242.4242871"}) == {plain}
    if deployment.settings.kafka:
        cluster = Cluster(
            deployment.settings.kafka,
            deployment.settings.partitions,
            deployment.settings.kafka_topics,
        )
        in_kafka = repr(records(cluster))
        assert plain in in_kafka
        assert not [word for word in (*personal, "4242.4242871") if word in in_kafka]
