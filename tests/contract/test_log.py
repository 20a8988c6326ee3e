"""What each implementation of the port `Log` must do."""

from __future__ import annotations

import multiprocessing
import time
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from consumers.ports.log import Hole, ReaderAhead, Undecodable
from consumers.ports.store import StreamAppend
from domain.event import Event, event_id
from domain.order.events import OrderPlaced
from domain.parked.events import EventDropped
from infra.postgres.keys.owners import PostgresOwners
from infra.postgres.server import database
from infra.postgres.store.log import PostgresLog
from infra.postgres.store.store import PostgresStore
from tests.both_logs import LOGS
from tests.logs import SESSION, InPostgres

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def placed(name, n=0):
    stream = f"order/{name}"
    id = event_id("/test", f"{name}/{n}")
    return StreamAppend(
        stream, (Event(id=id, source="/test", subject=stream, time=NOW, data=OrderPlaced()),)
    )


@pytest.fixture(params=LOGS)
def maintained(request, deployment, owners):
    if request.param == "kafka":
        yield request.getfixturevalue("kafka")
        return
    with deployment.pool("projector") as pool:
        yield InPostgres(PostgresLog(pool, owners.keys, SESSION), deployment.url)


@pytest.fixture
def log(maintained):
    return maintained.log


def everything(log, limit=7):
    """All events by partition, read in pages."""
    events_by_partition = {}
    for partition in log.heads():
        events, after = [], 0
        while page := log.read(partition, after, limit):
            events += page
            after = page[-1].position.number
        events_by_partition[partition] = events
    return events_by_partition


def test_each_partition_is_read_in_order_without_a_hole(log, store, maintained):
    store.append([placed(f"o{i}") for i in range(100)])
    maintained.catch_up()
    read = everything(log)
    assert sum(map(len, read.values())) == 100
    for partition, events in read.items():
        assert [e.position.number for e in events] == list(range(1, log.heads()[partition] + 1))


def test_a_reader_at_the_bounds_has_seen_every_event(log, store, maintained):
    store.append([placed(f"o{i}") for i in range(5)])
    maintained.catch_up()
    assert log.bounds() == log.heads()
    maintained.double()
    for partition, head in log.heads().items():
        assert log.bounds()[partition] >= head
        assert len(log.read(partition, 0, 10)) == head
        assert log.read(partition, head, 10) == []
    assert log.bounds() == log.heads()


def test_events_of_an_owner_and_events_that_were_dropped_are_listed(log, store, maintained):
    store.append([placed(f"o{i % 20}", i) for i in range(60)])
    drop = Event(
        id=event_id("/test", "drop"), source="/test", subject="parked/profile/o3", time=NOW,
        data=EventDropped(view="profile", key="o3", number=2, error="KeyError"),
    )  # fmt: skip
    [appended] = store.append([StreamAppend(drop.subject, (drop,), owner="order/o3")])
    maintained.catch_up()
    events = log.events_of("order/o3")
    assert [e.event.id for e in events] == [
        event_id("/test", name) for name in ("o3/3", "o3/23", "o3/43", "drop")
    ]
    assert events[-1].position == appended.positions[0]
    assert log.events_of("order/nobody") == []
    assert log.dropped_events("profile") == {appended.positions[0].partition: {(2, "o3")}}
    assert not log.dropped_events("audit")


def write(url, secrets, writer):
    """Appends 100 orders: the work of a writing process."""
    with database.connection_pool(url, "door", secrets) as pool:
        store = PostgresStore(pool, PostgresOwners(pool, secrets, 12))
        for i in range(100):
            store.append([placed(f"w{writer}-{i % 10}", i)])
        store.close()


def test_a_reader_that_follows_eight_writing_processes_misses_no_event(log, deployment, maintained):
    spawn = multiprocessing.get_context("spawn")
    writers = [
        spawn.Process(target=write, args=[deployment.url, deployment.secrets, w]) for w in range(8)
    ]
    for process in writers:
        process.start()
    seen = dict.fromkeys(log.heads(), 0)
    reads = 0
    while (writing := any(w.is_alive() for w in writers)) or seen != log.heads():
        maintained.follow()
        for partition in seen:
            events = log.read(partition, seen[partition], 10)
            assert [e.position.number for e in events] == [
                *range(seen[partition] + 1, seen[partition] + len(events) + 1)
            ]
            seen[partition] += len(events)
            reads += writing and bool(events)
    assert [w.exitcode for w in writers] == [0] * 8
    assert sum(seen.values()) == 800
    assert reads > 50  # it read while they wrote, not only afterwards


def test_a_time_is_a_number_in_every_partition(log, store, maintained):
    store.append([placed(f"o{i}") for i in range(30)])
    maintained.catch_up()
    heads = dict(log.heads())
    [middle] = {e.recorded for events in everything(log).values() for e in events}
    time.sleep(0.01)
    store.append([placed(f"p{i}") for i in range(30)])
    maintained.catch_up()
    assert log.at(middle) == heads
    assert log.at(middle - timedelta(microseconds=1)) == dict.fromkeys(heads, 0)
    assert log.at(datetime.now(UTC)) == log.heads()


def test_members_of_a_group_share_the_partitions_independently_of_other_groups(log):
    ann, bob, other = (
        log.subscribe("g", "ann"), log.subscribe("g", "bob"), log.subscribe("h", "ann")
    )  # fmt: skip
    assert len(ann.poll().epochs) == 13
    assert bob.poll().epochs == {}
    ann.poll()
    shares = [set(ann.poll().epochs), set(bob.poll().epochs)]
    assert sorted(map(len, shares)) == [6, 7]
    assert not shares[0] & shares[1]
    assert len(other.poll().epochs) == 13


def test_partitions_of_a_silent_member_go_to_another_with_a_higher_epoch(log):
    ann, bob = log.subscribe("g", "ann"), log.subscribe("g", "bob")
    before = ann.poll().epochs
    bob.poll()
    time.sleep(0.6)
    after = bob.poll().epochs
    assert set(after) == set(before)
    assert all(after[p] > before[p] for p in before)
    assert ann.poll().epochs == {}


def test_a_member_that_leaves_frees_its_partitions_at_once(log):
    ann, bob = log.subscribe("g", "ann"), log.subscribe("g", "bob")
    ann.poll()
    ann.close()
    assert len(bob.poll().epochs) == 13


def test_reading_after_the_head_is_an_error(log):
    with pytest.raises(ReaderAhead, match="has seen 5 events of partition 3, and the log has 0"):
        log.read(3, 5, 10)


def test_reading_across_a_hole_is_an_error(log, store, maintained):
    [first, _, _] = store.append([placed("o", i) for i in range(3)])
    partition = first.positions[0].partition
    maintained.lose(2)
    with pytest.raises(Hole, match=f"partition {partition} goes from 1 to 3"):
        log.read(partition, 0, 10)


def test_an_event_that_cannot_be_decoded_is_undecodable(log, store, maintained, deployment):
    [first, second] = store.append([placed("o", i) for i in range(2)])
    with psycopg.connect(deployment.url) as admin:
        admin.execute("UPDATE store.event SET data = '{}' WHERE number = 1")
    maintained.catch_up()
    read = log.read(first.positions[0].partition, 0, 10)
    assert read[0] == Undecodable(first.positions[0], "order/o", "ValidationError")
    assert read[1].position == second.positions[0]
