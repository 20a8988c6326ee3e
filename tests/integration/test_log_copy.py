"""Readers that are ahead of a log which a relay is still filling wait, and no others."""

from __future__ import annotations

import time
from contextlib import closing
from dataclasses import replace

import pytest
from kafka import KafkaAdminClient

from consumers.movers.log_copy import LogCopy
from consumers.movers.projector import Projector, step
from consumers.ports.log import Hole, LogDiffers, ReaderAhead, WriteUnconfirmed
from infra.kafka.cluster import provision
from infra.postgres.views.views import PostgresViews
from projections import discover
from tests.integration.test_relay import order_placed

BACKLOG, AUDIT = (discover()[name] for name in ("backlog", "audit"))


@pytest.fixture
def views(deployment, owners):
    with deployment.pool("projector") as pool:
        yield PostgresViews(pool, owners.keys)


@pytest.fixture
def waits():
    """The sentences that were reported."""
    return []


@pytest.fixture
def projector(kafka, views, waits):
    copy = LogCopy(kafka.envelopes, kafka.writer, waits.append)
    with closing(Projector(BACKLOG, kafka.log, views, "ann", copy=copy)) as projector:
        yield projector


def delete_topics(kafka):
    """Deletes and creates the log's topics; the relay then starts as a new process does."""
    with closing(KafkaAdminClient(bootstrap_servers=kafka.cluster.address)) as admin:
        admin.delete_topics(list(kafka.cluster.log_topics))
    time.sleep(0.5)
    provision(kafka.cluster)
    kafka.relay._copies.clear()


def fill(store, kafka, first, last):
    store.append([order_placed(f"o{n % 20}", n) for n in range(first, last)])
    kafka.catch_up()


def test_a_view_waits_while_a_relay_fills_topics_that_were_deleted(
    store, kafka, projector, views, waits
):
    fill(store, kafka, 0, 100)
    assert projector.drain() == 100
    delete_topics(kafka)
    heads = dict(kafka.envelopes.heads())
    for _ in range(3):
        assert step([projector]) == 0
    kafka.relay._max_events = 2 * len(heads)
    kafka.relay.step()
    kafka.relay.step()
    assert 0 < sum(kafka.log.heads().values()) < 100
    assert step([projector]) == 0
    assert len(waits) == 1
    assert "waiting until a relay has copied them" in waits[0]
    fill(store, kafka, 100, 200)
    time.sleep(1.1)  # a look at the log is valid for a second
    assert projector.drain() == 100
    assert projector.positions == kafka.envelopes.heads()


def test_a_new_view_waits_behind_a_misplaced_record(store, kafka, projector):
    """A relay's last batch came into the topic that was created again, before number 1."""
    fill(store, kafka, 0, 100)
    delete_topics(kafka)
    heads = dict(kafka.envelopes.heads())
    partition = max(heads, key=heads.__getitem__)
    last = kafka.envelopes.read(partition, heads[partition] - 1, 1)
    with pytest.raises(WriteUnconfirmed):
        kafka.writer.write({partition: [(e, b"chain") for e in last]})
    assert projector.drain() == 0
    kafka.relay.drain()
    time.sleep(1.1)
    assert projector.drain() == 100


def test_a_view_that_is_ahead_of_the_store_too_does_not_wait(store, kafka, projector, deployment):
    fill(store, kafka, 0, 100)
    projector.drain()
    delete_topics(kafka)
    deployment.sql("DELETE FROM store.event RETURNING 1")
    deployment.sql("UPDATE store.partition_head SET last = 0 RETURNING 1")
    with pytest.raises(ReaderAhead, match="the log is older than its reader"):
        step([projector])


def test_a_view_does_not_wait_at_a_hole(store, kafka, projector):
    fill(store, kafka, 0, 100)
    delete_topics(kafka)
    for partition, head in kafka.envelopes.heads().items():
        first, _, *others = kafka.envelopes.read(partition, 0, head) or (None, None)
        if others:  # the first twice, so that the others are not misplaced
            events = [(e, b"chain") for e in (first, first, *others)]
            kafka.writer.write({partition: events})
    with pytest.raises(Hole, match="goes from 1 to"):
        projector.drain()


def test_a_view_does_not_wait_on_the_log_of_another_deployment(
    store, kafka, projector, views, waits
):
    fill(store, kafka, 0, 100)
    projector.drain()
    partition, head = max(kafka.envelopes.heads().items(), key=lambda each: each[1])
    delete_topics(kafka)
    [first] = kafka.envelopes.read(partition, 0, 1)
    other = replace(first, envelope=first.envelope.replace(b"/test", b"/shop"))
    kafka.writer.write({partition: [(other, b"chain")]})
    assert head > 1
    with pytest.raises(LogDiffers, match=f"event 1 of partition {partition} is another"):
        step([projector])
    assert not any(f"partition {partition} " in sentence for sentence in waits)
