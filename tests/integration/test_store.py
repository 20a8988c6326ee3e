"""The guarantees of an append, against a real PostgreSQL."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from consumers.ports.store import Appended, StreamAppend
from domain.book.book import OrderLine
from domain.customer.events import BehaviourObserved, ConsentGranted, ConsentWithdrawn
from domain.errors import ConsentMissing, ContentsDiffer, OwnerDiffers, VersionConflict
from domain.event import Event, event_id
from domain.order.events import OrderDrafted, OrderPlaced
from domain.partition import partition_of
from infra.postgres.store.store import PostgresStore

NOW = datetime(2026, 3, 1, tzinfo=UTC)
OBSERVED = BehaviourObserved(kind="view", item="rose")
DRAFTED = OrderDrafted(lines=(OrderLine(line_id="L1", product="shirt"),))


def event(id, data, subject, **more):
    return Event(
        id=event_id("/test", id), source="/test", subject=subject, time=NOW, data=data, **more
    )


def fact(id, customer, data=OBSERVED):
    e = event(id, data, f"customer/{customer}", customerid=customer)
    return StreamAppend(e.stream, (e,))


def consent(id, customer, *purposes, kind=ConsentGranted, expected=None):
    data = kind(purposes=purposes, policy_version="p1")
    e = event(id, data, f"customer/{customer}", customerid=customer)
    return StreamAppend(e.stream, (e,), expected)


def order(id, name, *data, expected=None, customer=None):
    events = tuple(
        event(f"{id}-{n}", d, f"order/{name}", customerid=customer) for n, d in enumerate(data)
    )
    return StreamAppend(f"order/{name}", events, expected)


def numbers(deployment):
    """The numbers of the events of each partition, in the order of their recorded times."""
    rows = deployment.sql(
        "SELECT partition, number FROM store.event ORDER BY recorded, partition, number"
    )
    by_partition = {}
    for partition, number in rows:
        by_partition.setdefault(partition, []).append(number)
    return by_partition


def test_appended_events_are_read_in_order(store):
    [first] = store.append([order("a", "1", DRAFTED, OrderPlaced(), expected=0)])
    assert isinstance(first, Appended)
    read = store.read_stream("order/1")
    assert [r.data for r in read] == [DRAFTED, OrderPlaced()]
    assert tuple(r.position for r in read) == first.positions
    assert [r.version for r in read] == [1, 2]


def test_a_conflict_fails_alone_and_uses_no_number(store, deployment):
    store.append([order("a", "1", DRAFTED, expected=0)])
    answers = store.append(
        [
            order("b", "2", DRAFTED, expected=0),
            order("c", "1", OrderPlaced(), expected=7),
            order("d", "1", OrderPlaced(), expected=1),
        ]
    )
    assert [type(a) for a in answers] == [Appended, VersionConflict, Appended]
    assert "order/1 is at version 1, not 7" in str(answers[1])
    assert all(n == list(range(1, len(n) + 1)) for n in numbers(deployment).values())


def test_the_same_id_again_gives_the_first_answer_and_other_contents_are_refused(store):
    store.append([consent("c", "c1", "personalize")])
    [first] = store.append([fact("f", "c1")])
    [repeated] = store.append([fact("f", "c1")])
    assert repeated == Appended(first.positions, 1, first.recorded, duplicate=True)
    [other] = store.append([fact("f", "c1", BehaviourObserved(kind="view", item="tulip"))])
    assert isinstance(other, ContentsDiffer)
    twice = store.append([fact("g", "c1"), fact("g", "c1")])
    assert [a.duplicate for a in twice] == [False, True]


def test_consent_is_checked_in_the_append_that_it_guards(store):
    [refused] = store.append([fact("f", "c1")])
    assert isinstance(refused, ConsentMissing)
    assert "personalize" in str(refused)
    granted = store.append([consent("c", "c1", "personalize"), fact("f", "c1")])
    assert [type(a) for a in granted] == [Appended, Appended]
    store.append([consent("w", "c1", "personalize", kind=ConsentWithdrawn)])
    assert isinstance(store.append([fact("g", "c1")])[0], ConsentMissing)


def test_the_owner_of_a_stream_cannot_change(store):
    store.append([consent("c", "c1", "fulfil"), consent("d", "c2", "fulfil")])
    store.append([order("a", "1", DRAFTED, customer="c1")])
    [refused] = store.append([order("b", "1", OrderPlaced(), customer="c2")])
    assert isinstance(refused, OwnerDiffers)


def test_of_eight_doors_on_one_stream_one_gets_each_version(store, deployment):
    def race(writer):
        won = 0
        for version in range(20):
            [answer] = store.append(
                [order(f"{writer}-{version}", "1", OrderPlaced(), expected=version)]
            )
            won += isinstance(answer, Appended)
        return won

    with ThreadPoolExecutor(8) as pool:
        won = sum(pool.map(race, range(8)))
    versions = [v for (v,) in deployment.sql("SELECT version FROM store.event ORDER BY 1")]
    assert versions == list(range(1, won + 1))
    assert list(numbers(deployment).values()) == [versions]


def test_a_locked_owner_delays_only_its_own_appends(store, deployment):
    store.append([consent("c", "c1", "personalize"), consent("d", "c2", "personalize")])
    with psycopg.connect(deployment.url) as changing, ThreadPoolExecutor(2) as pool:
        changing.execute("SELECT FROM store.owner WHERE owner = 'c1' FOR NO KEY UPDATE")
        waiting = pool.submit(store.append, [fact("1", "c1")])
        for n in range(20):
            [answer] = pool.submit(store.append, [fact(f"o{n}", "c2")]).result(timeout=5)
            assert isinstance(answer, Appended)
        assert not waiting.done()
        changing.execute("UPDATE store.owner SET purposes = '{}' WHERE owner = 'c1'")
        changing.commit()
        [answer] = waiting.result(timeout=5)
    assert isinstance(answer, ConsentMissing)  # the change was committed first


def test_concurrent_batches_are_stored_whole_and_without_gaps(store, deployment):
    store.append([consent(f"c{i}", f"c{i}", "personalize") for i in range(40)])
    with ThreadPoolExecutor(8) as pool:
        batches = [[fact(f"{b}-{i}", f"c{i % 40}") for i in range(150)] for b in range(16)]
        answers = [a for batch in pool.map(store.append, batches) for a in batch]
    assert all(isinstance(a, Appended) for a in answers)
    by_partition = numbers(deployment)
    assert sum(map(len, by_partition.values())) == 40 + 16 * 150
    assert all(sorted(n) == list(range(1, len(n) + 1)) for n in by_partition.values())


def test_ids_that_two_doors_send_at_once_are_stored_once(store, door, owners, deployment):
    customers = [[c for c in map(str, range(300)) if partition_of(c, 12) % 2 == n] for n in (0, 1)]
    store.append([consent(str(n), str(n), "personalize") for n in range(300)])
    # They have no partition in common, so that no head makes one wait before it looks for ids.
    ones, others = ([fact(f"f{i}", c) for i, c in enumerate(half[:100])] for half in customers)
    other = PostgresStore(door, owners)
    with psycopg.connect(deployment.url) as between, ThreadPoolExecutor(2) as pool:
        # Both wait for this row halfway. When it is rolled back, each waits for the other's rows.
        between.execute(
            "INSERT INTO store.event SELECT incarnation, partition, 0, owner, 'x', 1, %s, type, "
            "time, recorded, digest, data FROM store.event LIMIT 1",
            [event_id("/test", "f50")],
        )
        first, second = pool.submit(store.append, ones), pool.submit(other.append, others[::-1])
        while deployment.sql("SELECT count(*) FROM pg_locks WHERE NOT granted") != [(2,)]:
            assert not first.done()
            time.sleep(0.01)
        between.rollback()
        answers = zip(first.result(), reversed(second.result()), strict=True)
    other.close()
    assert all({type(a) for a in pair} == {Appended, ContentsDiffer} for pair in answers)
    by_partition = numbers(deployment)
    assert sum(map(len, by_partition.values())) == 300 + 100
    assert all(sorted(n) == list(range(1, len(n) + 1)) for n in by_partition.values())


def test_recorded_times_never_decrease(door, owners):
    times = iter([NOW, NOW - timedelta(hours=1), NOW + timedelta(seconds=1)])
    store = PostgresStore(door, owners, now=lambda: next(times))
    recorded = [store.append([order(str(i), "1", OrderPlaced())])[0].recorded for i in range(3)]
    store.close()
    assert recorded == [NOW, NOW, NOW + timedelta(seconds=1)]


def test_the_role_of_a_door_cannot_delete_events(door):
    with door.connection() as db, pytest.raises(psycopg.errors.InsufficientPrivilege):
        db.execute("DELETE FROM store.event")


def test_doors_that_mint_the_same_external_ids_agree_on_the_customers(owners, deployment):
    with ThreadPoolExecutor(8) as pool:
        minted = list(pool.map(lambda _: owners.mint(["shop:ann", "shop:bob"]), range(16)))
    assert len({(m["shop:ann"], m["shop:bob"]) for m in minted}) == 1
    assert owners.find(["shop:ann", "shop:cyd"]) == {"shop:ann": minted[0]["shop:ann"]}
