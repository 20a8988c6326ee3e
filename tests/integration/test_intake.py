"""The intake's step: committed after the append or the quarantine, never before."""

from __future__ import annotations

import json
import time
from contextlib import closing
from datetime import UTC, datetime

import psycopg
import pytest
from kafka import KafkaAdminClient, KafkaProducer
from kafka.admin import ConfigResource, ConfigResourceType

from consumers.doors.commands import Commands
from consumers.doors.gate import Gate
from consumers.doors.inbox import COMMAND_TYPES, Inbox
from consumers.movers.inbox import InboxDoor, InboxMember
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
def intaking(topics, store, owners, holding, quarantine):
    doors = Inbox(lambda basis: Gate(store, owners, holding, basis),
                   Commands(store, owners, holding))  # fmt: skip
    taker = InboxDoor(inbox_message, doors, lambda: datetime.now(UTC), database.is_outage)
    with closing(KafkaInbox(topics, 3.0)) as topic:
        yield InboxMember(topic, taker, quarantine)


@pytest.fixture
def sent(topics, intaking):
    """Two reports, sent to an order that is open already."""
    line = {"line_id": "L1", "product": "hat", "quantity": 1, "unit_price": "4.00"}
    adopted = {"lines": [line], "total": "4.00", "currency": "EUR", "origin": "till"}
    with closing(KafkaProducer(bootstrap_servers=topics.address)) as producer:

        def send(id, type, data):
            value = json.dumps(event(id, type, "order/1", data)).encode()
            producer.send(topics.inbox, value, headers=HEADERS, partition=3)

        send("1", "order.order-adopted.v1", adopted)
        stepped(intaking, 1)
        send("2", "order.order-shipped.v1", {})
        send("3", "order.payment-recorded.v1", PAID)
        producer.flush()


def stepped(intaking, wanted):
    while wanted > 0:
        wanted -= intaking.step()
    assert wanted == 0


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


def test_a_database_that_is_away_is_waited_for(
    intaking, sent, deployment, store, topics, quarantine
):
    fail(deployment, "53300")  # too many connections
    with pytest.raises(psycopg.OperationalError):
        stepped(intaking, 2)
    assert behind(topics) == 2
    recover(deployment)
    with closing(KafkaInbox(topics, 3.0)) as topic:
        intaking._topic.close()
        stepped(InboxMember(topic, intaking._taker, quarantine), 2)
    assert (stored(store), quarantine.find(), behind(topics)) == (
        ["order.order-adopted.v1", "order.order-shipped.v1", "order.payment-recorded.v1"], [], 0,
    )  # fmt: skip


def test_what_we_cannot_take_is_kept_and_the_rest_goes_on(
    intaking, sent, deployment, store, topics, quarantine
):
    fail(deployment, "22000")
    stepped(intaking, 2)
    assert (stored(store), behind(topics)) == (
        ["order.order-adopted.v1", "order.payment-recorded.v1"], 0,
    )  # fmt: skip
    [kept] = quarantine.find()
    assert kept.reason.startswith("DataException at ")
    assert "a fault of ours" in kept.reason
    assert "secret" not in kept.reason
    recover(deployment)
    [answer] = intaking._taker.take([kept.message])
    assert answer.version == 3


def test_nothing_of_what_is_kept_is_readable_in_the_database(intaking, deployment, topics):
    with closing(KafkaProducer(bootstrap_servers=topics.address)) as producer:
        producer.send(topics.inbox, b"private words", key=b"shop:ann", headers=HEADERS).get(10)
    stepped(intaking, 1)
    [row] = deployment.sql("SELECT t::text, sealed FROM store.quarantine t")
    for part in (b"private", b"shop:ann"):
        assert part not in row[1]
        assert part.hex() not in row[0]
        assert part.decode() not in row[0]


def test_a_topic_that_keeps_what_is_personal_is_refused(topics):
    config = {"retention.ms": "-1"}
    with closing(KafkaAdminClient(bootstrap_servers=topics.address)) as admin:
        admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topics.inbox, config)])
    time.sleep(0.5)  # the broker may tell a setting a little later
    with pytest.raises(KafkaUnusable, match=r"retention.ms=-1 and what is personal stands in it"):
        provision(topics)


class Unspeakable(str):
    """A header's name as a client in C may send it."""

    def encode(self, *_):
        return b"\xff"


def test_a_message_that_the_client_cannot_read_is_said_with_the_remedy(intaking, topics):
    with closing(KafkaProducer(bootstrap_servers=topics.address)) as producer:
        producer.send(topics.inbox, b"{}", headers=[(Unspeakable("x"), b"")]).get(10)
    with pytest.raises(KafkaUnusable, match=r"Move the group test-\w+.intake past it"):
        stepped(intaking, 1)


def test_no_command_is_called_as_an_event():
    assert not COMMAND_TYPES.keys() & TYPES.keys()
