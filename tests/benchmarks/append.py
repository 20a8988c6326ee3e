"""Appends of one event each, by many threads at once."""

from __future__ import annotations

import itertools
import statistics
import uuid
from collections.abc import Iterator

import psycopg
from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, event

from tests.benchmarks.harness import Bench, check_peer, in_turn, one_core, rate
from tests.benchmarks.results import Figure, at_least

EVENTS = 6_000
LIBRARY_AND_INSERTS = 534, 5_057  # eventsourcing 9.5.6 as delivered, 8 threads
_numbers = itertools.count(10**9)


def append_8(bench: Bench) -> Iterator[Figure]:
    yield _append(bench, "append-8", 8, 0.5)


def append_32(bench: Bench) -> Iterator[Figure]:
    yield _append(bench, "append-32", 32, 0.8)


def _append(bench: Bench, name: str, threads: int, ratio: float) -> Figure:
    bench.customers  # noqa: B018
    with one_core():
        appends(bench, threads, 2_000)
        ours, peer = in_turn(
            lambda: appends(bench, threads, EVENTS),
            lambda: raw_inserts(bench, threads, EVENTS),
            rounds=7,
        )
    return Figure(name, ours, peer, "events/s", at_least(ratio))


def appends(bench: Bench, threads: int, total: int) -> float:
    """Events a second through the store: encoded, sealed, checked and durable."""

    def work(n: int):
        facts = iter(list(itertools.islice(bench.facts(n), total // threads)))
        return lambda: bench.deployment.store.append([next(facts)])

    return rate(threads, total, work)


def raw_inserts(bench: Bench, threads: int, total: int) -> float:
    """Events a second of a prepared INSERT each: the same bytes, the same unique indexes."""
    if not bench.stored(1):
        appends(bench, 8, 1_000)
    table, rows = bench.table(), itertools.cycle(bench.stored(1_000))
    insert = f"INSERT INTO {table} VALUES ({', '.join(['%s'] * 12)})"
    connections = [psycopg.connect(bench.deployment.url, autocommit=True) for _ in range(threads)]

    def work(n: int):
        cursor = connections[n].cursor(binary=True)
        batch = iter([renumbered(next(rows), next(_numbers)) for _ in range(total // threads)])
        return lambda: cursor.execute(insert, next(batch), prepare=True)

    try:
        return rate(threads, total, work)
    finally:
        for connection in connections:
            connection.close()


def renumbered(row: tuple, number: int) -> list:
    """A stored row as that of another event: with that number and an id of its own."""
    copy = list(row)
    copy[2], copy[6] = number, uuid.uuid4()
    copy[4] = str(copy[6])
    return copy


class Preference(Aggregate):
    @event("Stated")
    def __init__(self, customer: str, attribute: str, value: str) -> None:
        self.customer, self.attribute, self.value = customer, attribute, value


class Preferences(Application):
    pass


def environment(bench: Bench) -> dict[str, str]:
    """The settings with which `eventsourcing` uses the database of the bench."""
    database = psycopg.conninfo.conninfo_to_dict(bench.deployment.url)
    return {
        "PERSISTENCE_MODULE": "eventsourcing.postgres",
        "POSTGRES_DBNAME": database["dbname"],
        "POSTGRES_HOST": database["host"],
        "POSTGRES_PORT": str(database["port"]),
        "POSTGRES_USER": database["user"],
        "POSTGRES_PASSWORD": database["password"],
        "POSTGRES_POOL_SIZE": "10",
        "POSTGRES_MAX_OVERFLOW": "10",
    }


def append_lib(bench: Bench) -> Iterator[Figure]:
    """Against the library `eventsourcing` as it is delivered."""
    library = Preferences(env=environment(bench))

    def delivered() -> float:
        def work(n: int):
            return lambda: library.save(Preference("customer-00001", "colour", "midnight blue"))

        return rate(8, 1_600, work)

    bench.customers  # noqa: B018
    with one_core():
        delivered()
        ours, peer = in_turn(lambda: appends(bench, 8, EVENTS), delivered)
        inserts = statistics.median(raw_inserts(bench, 8, EVENTS) for _ in range(3))
    library.close()
    yield Figure("append-lib", ours, peer, "events/s", at_least(3.5))
    check_peer("eventsourcing as delivered", peer, inserts, LIBRARY_AND_INSERTS)
