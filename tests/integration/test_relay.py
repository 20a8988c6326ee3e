"""The relay: Kafka has what the store has, in its order, whatever befalls on the way."""

from __future__ import annotations

import sys
import time
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256

import msgspec
import pytest
from kafka import KafkaAdminClient, KafkaConsumer
from kafka.admin import ConfigResource, ConfigResourceType

from consumers.movers.relay import GROUP, Relay
from consumers.ports.log import LogAhead, LogDiffers, StoreBehind
from consumers.ports.store import StreamAppend
from domain.event import Event, event_id
from domain.order.events import OrderPlaced
from infra.kafka import reader
from infra.kafka.cluster import provision
from infra.kafka.errors import KafkaUnusable
from infra.kafka.log import KafkaLog
from infra.kafka.writer import KafkaLogWriter
from infra.postgres.store.leases import PostgresSubscription
from tests.logs import SESSION
from tests.waiting import until

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def order_placed(name, n=0):
    stream = f"order/{name}"
    id = event_id("/test", f"{name}/{n}")
    return StreamAppend(
        stream, (Event(id=id, source="/test", subject=stream, time=NOW, data=OrderPlaced()),)
    )


def records(cluster):
    """Every record by partition, as a plain consumer reads it."""
    consumer = KafkaConsumer(bootstrap_servers=cluster.address, enable_auto_commit=False)
    try:
        consumer.assign(list(cluster.topic_partitions))
        consumer.seek_to_beginning()
        ends = consumer.end_offsets(list(cluster.topic_partitions))
        polled = {tp: [] for tp in cluster.topic_partitions}
        while any(len(polled[tp]) < end for tp, end in ends.items()):
            for tp, batch in consumer.poll(5_000).items():
                polled[tp] += batch
        return {cluster.topic_partitions[tp]: batch for tp, batch in polled.items()}
    finally:
        consumer.close()


def numbers(log):
    """The numbers that a reader of the log gets, by partition."""
    return {
        p: [e.position.number for e in log.read(p, 0, head + 1)] for p, head in log.heads().items()
    }


@pytest.fixture
def fresh(kafka, deployment, owners):
    """A log whose reader has read nothing yet."""
    with deployment.pool("projector") as pool:
        log = KafkaLog(kafka.cluster, pool, owners.keys, SESSION)
        yield log
        log.close()


def test_a_record_is_the_event_as_stored_and_its_chain_follows_from_the_store(kafka, store):
    store.append([order_placed(f"o{n % 20}", n) for n in range(200)])
    shared = "catalogue/main"
    store.append([msgspec.structs.replace(order_placed("c"), stream=shared, owner=shared)])
    kafka.catch_up()
    polled = records(kafka.cluster)
    assert sum(map(len, polled.values())) == 201
    assert len(polled[12]) == 1
    for partition, batch in polled.items():
        chain = b""
        stored = kafka.envelopes.read(partition, 0, 1_000)
        for record, event in zip(batch, stored, strict=True):
            chain = sha256(chain + event.envelope).digest()
            headers = dict(record.headers)
            assert record.value == event.envelope
            assert record.key.decode() == event.owner
            assert record.timestamp == int(event.recorded.timestamp() * 1000)
            assert headers.pop("content-type").startswith(b"application/cloudevents+json")
            assert {name: value.decode() for name, value in headers.items()} == {
                "type": event.type,
                "incarnation": "1",
                "number": str(event.number),
                "chain": chain.hex(),
                "digest": event.digest.hex(),
            }


def test_an_event_that_relays_write_twice_is_read_once(kafka, fresh, store):
    store.append([order_placed(f"o{n % 20}", n) for n in range(100)])
    kafka.catch_up()
    assert kafka.relay.step() == 0  # it has read where the log ends
    batches = {
        p: [(e, b"chain") for e in kafka.envelopes.read(p, head // 2, 1_000)][:2]
        for p, head in kafka.envelopes.heads().items()
        if head
    }
    kafka.writer.write(batches)  # as a relay does that was suspended
    heads = dict(kafka.envelopes.heads())
    for log in (kafka.log, fresh):
        for partition, head in heads.items():
            assert log.read(partition, head, 10) == []
        assert numbers(log) == {p: [*range(1, head + 1)] for p, head in heads.items()}
        assert log.heads() == heads
    store.append([order_placed(f"o{n % 20}", n) for n in range(100, 200)])
    kafka.catch_up()
    heads = kafka.envelopes.heads()
    assert numbers(fresh) == {p: [*range(1, head + 1)] for p, head in heads.items()}
    assert fresh.at(datetime.now(UTC)) == heads


def test_a_reader_returns_to_a_partition_that_it_paused(
    kafka, deployment, owners, store, monkeypatch
):
    """Small limits make a short log behave as a long one does."""
    store.append([order_placed(f"o{n % 50}", n) for n in range(3_000)])
    kafka.catch_up()
    monkeypatch.setattr(reader, "_KEPT", 40)
    monkeypatch.setattr(reader, "_POLL_MS", 3_000)
    monkeypatch.setitem(reader._SETTINGS, "max_poll_records", 30)
    read = dict.fromkeys(kafka.envelopes.heads(), 0)
    with (
        deployment.pool("projector") as pool,
        closing(KafkaLog(kafka.cluster, pool, owners.keys)) as log,
    ):
        while read != kafka.envelopes.heads():
            for partition, after in read.items():
                page = log.read(partition, after, 20)
                read[partition] += len(page)
    assert sum(read.values()) == 3_000


def test_relays_share_the_partitions_and_take_over_from_each_other(kafka, deployment, store):
    store.append([order_placed(f"o{n % 20}", n) for n in range(100)])
    with deployment.pool("projector") as pool:
        writer = KafkaLogWriter(kafka.cluster)
        lease = PostgresSubscription(pool, GROUP, "other", SESSION)
        other = Relay(kafka.envelopes, writer, lease)
        other.drain()  # the first member holds all partitions
        kafka.relay.drain()
        other.drain()
        kafka.relay.drain()
        store.append([order_placed(f"o{n % 20}", n) for n in range(100, 200)])
        counts = [other.step(), kafka.relay.step()]
        assert sum(counts) == 100
        assert min(counts) > 10
        other.close()
        writer.close()
    store.append([order_placed(f"o{n % 20}", n) for n in range(200, 300)])
    kafka.catch_up()
    assert {p: len(polled) for p, polled in records(kafka.cluster).items()} == dict(
        kafka.envelopes.heads()
    )


def test_a_store_that_is_older_than_its_log_is_neither_relayed_nor_written(
    kafka, store, deployment
):
    [first, *_] = store.append([order_placed("o", n) for n in range(3)])
    kafka.catch_up()
    kafka.relay.close()
    partition = first.positions[0].partition
    deployment.sql(
        "WITH lost AS (DELETE FROM store.event WHERE number = 3) "
        "UPDATE store.partition_head SET last = 2 WHERE partition = %s RETURNING 1", partition,
    )  # fmt: skip
    with pytest.raises(LogAhead, match=f"the log has 3 events of partition {partition} and the"):
        again(kafka, deployment)
    with pytest.raises(StoreBehind, match="until a restore has brought them back"):
        store.append([order_placed("o", 4)])
    with pytest.raises(StoreBehind):
        store.append([order_placed("new")])  # no key is minted either
    assert store.append([order_placed("o", 1)])[0].duplicate
    deployment.sql("UPDATE store.partition_head SET closed_at = NULL RETURNING 1")
    store.append([order_placed("o", 4)])
    with pytest.raises(LogDiffers, match=f"event 3 of partition {partition} is another in the log"):
        again(kafka, deployment)


def again(kafka, deployment):
    with deployment.pool("projector") as pool:
        lease = PostgresSubscription(pool, GROUP, "again", SESSION)
        relay = Relay(kafka.envelopes, kafka.writer, lease)
        try:
            relay.drain()
        finally:
            relay.close()


def test_a_topic_that_was_deleted_under_a_relay_is_filled_again(kafka, fresh, store):
    """The batch that the relay had in flight is misplaced in the new topic, and is skipped."""
    store.append([order_placed(f"o{n % 20}", n) for n in range(100)])
    kafka.catch_up()
    with closing(KafkaAdminClient(bootstrap_servers=kafka.cluster.address)) as admin:
        admin.delete_topics(list(kafka.cluster.log_topics))
    time.sleep(0.5)
    provision(kafka.cluster)
    store.append([order_placed(f"o{n % 20}", n) for n in range(100, 200)])
    kafka.catch_up()
    heads = dict(kafka.envelopes.heads())
    assert kafka.relay.unconfirmed_writes == 1
    assert sum(map(len, records(kafka.cluster).values())) > 200
    assert numbers(fresh) == {p: [*range(1, head + 1)] for p, head in heads.items()}
    assert fresh.heads() == heads
    assert fresh.at(datetime.now(UTC)) == heads


def test_topics_of_another_size_or_with_a_retention_are_refused(topics):
    with pytest.raises(KafkaUnusable, match="has 12 partitions and this deployment 13, for good"):
        provision(replace(topics, partitions=13))
    provision(topics)
    retention = ConfigResource(
        ConfigResourceType.TOPIC, f"{topics.topics}.log", {"retention.ms": "604800000"}
    )
    with closing(KafkaAdminClient(bootstrap_servers=topics.address)) as admin:
        admin.alter_configs([retention])

    def refusal() -> str:
        try:
            provision(topics)
        except KafkaUnusable as error:
            return str(error)
        return ""

    # The controller answers before every broker has the new setting.
    assert "has retention.ms=604800000 and would delete events" in until(refusal)


def test_an_installation_without_crc32c_is_refused(topics, monkeypatch):
    monkeypatch.setitem(sys.modules, "crc32c", None)
    with pytest.raises(KafkaUnusable, match="the package crc32c is missing"):
        topics.connection()
