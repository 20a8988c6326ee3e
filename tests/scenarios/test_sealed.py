"""Nothing personal is in Kafka, nor under the home: tables, indexes, WAL, log of the server."""

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
    """Those of the words that stand in some file."""
    said = {word.encode(code): word for word in words for code in ("utf-8", "utf-16-le")}
    any_of_them = re.compile(b"|".join(map(re.escape, said)))
    files = [path for path in home.rglob("*") if path.is_file()]
    return {said[found] for path in files for found in any_of_them.findall(path.read_bytes())}


def test_no_personal_word_is_in_any_file_and_a_plain_one_is(tmp_path, lone_front):
    front = lone_front  # members would fold an event before it becomes unknown
    personal: set[str] = set()
    messages = []

    def secret(_=None):
        personal.add(word := marker())
        return word

    for name, known in TYPES.items():
        if known.kind is Kind.DECISION:
            continue
        schema = infra.schemas.schema_of(name)
        data = sample(schema)
        for field, said in schema["properties"].items():
            if said["x-privacy"] == "personal" and isinstance(data[field], str):
                data[field] = secret()
            elif said["x-privacy"] == "personal":
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

    # What is refused, by the door and by a decision.
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
    wish = {"instruction_id": "I1", "text": secret(), **FACTS}
    front.ok("order", "tell", "8", "instruct", json.dumps({"instruction": wish}))
    front.ok("order", "cancel", "8", "--reason", secret())

    # What is held.
    front.publish(message("held", "order.order-delivered.v1", "order/9", {}, reason=secret()))
    assert len(front.rows("held")) == 1
    front.refused("sql", f"SELECT '{secret()}'::int")

    # What is parked: an event whose type this release does not know.
    with Deployment(settings_of(front)) as deployment:
        said = {"attribute": "milk", "value": secret(), **FACTS}
        parked = message("p", "customer.preference-stated.v1", f"customer/shop:{secret()}", said)
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
        waiting = front.rows("parked")
        assert {w["view"] for w in waiting} == set(discover())
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
        carried = repr(records(cluster))
        assert plain in carried
        assert not [word for word in (*personal, "4242.4242871") if word in carried]
