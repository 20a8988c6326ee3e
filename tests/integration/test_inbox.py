"""A step of the inbox commits its offset after the append or the quarantine, never before."""

from __future__ import annotations

import json
import time
from contextlib import closing
from datetime import UTC, datetime

import psycopg
import pytest
from kafka import KafkaAdminClient, KafkaProducer
from kafka.admin import ConfigResource, ConfigResourceType

from consumers.doors.command_types import command_types
from consumers.doors.commands import Commands
from consumers.doors.gate import Gate
from consumers.doors.inbox import Inbox
from consumers.movers.inbox import InboxMember, InboxReceiver
from domain.event import TYPES
from infra.kafka.cloudevents import inbox_message
from infra.kafka.cluster import provision
from infra.kafka.errors import KafkaUnusable
from infra.kafka.inbox import KafkaInbox, inbox_lags
from infra.postgres.server import database
from infra.postgres.store.quarantine import PostgresQuarantine
from tests.frontdoor import message as event

HEADERS = [("content-type", b"application/cloudevents+json")]
PAID = {"amount": "4.00", "currency": "EUR"}
TRIGGER = """
CREATE FUNCTION store.fails() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN
    IF NEW.type = 'order.order-shipped.v1' THEN
        RAISE EXCEPTION 'secret' USING ERRCODE = '{}';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER fails BEFORE INSERT ON store.event FOR EACH ROW EXECUTE FUNCTION store.fails();
"""


@pytest.fixture
def quarantine(door, owners):
    return PostgresQuarantine(door, owners)


@pytest.fixture
def member(topics, store, owners, held_reports, quarantine):
    inbox = Inbox(lambda basis: Gate(store, owners, held_reports, basis),
                   Commands(store, owners, held_reports))  # fmt: skip
    door = InboxReceiver(inbox_message, inbox, lambda: datetime.now(UTC), database.is_outage)
    with closing(KafkaInbox(topics, 3.0)) as topic:
        yield InboxMember(topic, door, quarantine)


@pytest.fixture
def two_reports(topics, member):
    """Two reports are sent for an order that is open."""
    line = {"line_id": "L1", "product": "hat", "quantity": 1, "unit_price": "4.00"}
    adopted = {"lines": [line], "total": "4.00", "currency": "EUR", "origin": "till"}
    with closing(KafkaProducer(bootstrap_servers=topics.address)) as producer:

        def send(id, type, data):
            value = json.dumps(event(id, type, "order/1", data)).encode()
            producer.send(topics.inbox, value, headers=HEADERS, partition=3)

        send("1", "order.order-adopted.v1", adopted)
        step(member, 1)
        send("2", "order.order-shipped.v1", {})
        send("3", "order.payment-recorded.v1", PAID)
        producer.flush()


def step(member, count):
    """Steps until `count` messages are processed."""
    while count > 0:
        count -= member.step()
    assert count == 0


def fail(deployment, code):
    with psycopg.connect(deployment.url, autocommit=True) as admin:
        admin.execute(TRIGGER.format(code))


def recover(deployment):
    with psycopg.connect(deployment.url, autocommit=True) as admin:
        admin.execute("DROP FUNCTION store.fails CASCADE")


def stored(store):
    return [recorded.event.type for recorded in store.read_stream("order/1")]


def behind(topics):
    return sum(lag.events for lag in inbox_lags(topics))


def test_an_outage_of_the_database_leaves_the_offset_where_it_is(
    member, two_reports, deployment, store, topics, quarantine
):
    fail(deployment, "53300")  # too many connections
    with pytest.raises(psycopg.OperationalError):
        step(member, 2)
    assert behind(topics) == 2
    recover(deployment)
    with closing(KafkaInbox(topics, 3.0)) as topic:
        member._topic.close()
        step(InboxMember(topic, member._door, quarantine), 2)
    assert (stored(store), quarantine.find(), behind(topics)) == (
        ["order.order-adopted.v1", "order.order-shipped.v1", "order.payment-recorded.v1"], [], 0,
    )  # fmt: skip


def test_a_message_that_causes_an_internal_error_is_quarantined_and_the_others_stored(
    member, two_reports, deployment, store, topics, quarantine
):
    fail(deployment, "22000")
    step(member, 2)
    assert (stored(store), behind(topics)) == (
        ["order.order-adopted.v1", "order.payment-recorded.v1"], 0,
    )  # fmt: skip
    [quarantined] = quarantine.find()
    assert quarantined.reason.startswith("DataException at ")
    assert "a fault of the product" in quarantined.reason
    assert "secret" not in quarantined.reason
    recover(deployment)
    [answer] = member._door.accept([quarantined.message])
    assert answer.version == 3


def test_a_quarantined_message_is_not_readable_in_the_database(member, deployment, topics):
    with closing(KafkaProducer(bootstrap_servers=topics.address)) as producer:
        producer.send(topics.inbox, b"private words", key=b"shop:ann", headers=HEADERS).get(10)
    step(member, 1)
    [row] = deployment.sql("SELECT t::text, sealed FROM store.quarantine t")
    for part in (b"private", b"shop:ann"):
        assert part not in row[1]
        assert part.hex() not in row[0]
        assert part.decode() not in row[0]


def test_an_inbox_topic_with_a_longer_retention_is_refused(topics):
    config = {"retention.ms": "-1"}
    with closing(KafkaAdminClient(bootstrap_servers=topics.address)) as admin:
        admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topics.inbox, config)])
    time.sleep(0.5)  # the broker may apply a setting a little later
    with pytest.raises(KafkaUnusable, match=r"retention.ms=-1 and personal values in clear must"):
        provision(topics)


class NotUtf8(str):
    """The name of a header as a client in C may send it."""

    def encode(self, *_):
        return b"\xff"


def test_the_error_for_an_unreadable_message_names_the_remedy(member, topics):
    with closing(KafkaProducer(bootstrap_servers=topics.address)) as producer:
        producer.send(topics.inbox, b"{}", headers=[(NotUtf8("x"), b"")]).get(10)
    with pytest.raises(KafkaUnusable, match=r"Move the group test-\w+.intake past it"):
        step(member, 1)


def test_no_command_has_the_name_of_an_event():
    assert not command_types().keys() & TYPES.keys()
