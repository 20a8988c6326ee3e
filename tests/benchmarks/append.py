"""Appends of one event each, by many threads at once."""

from __future__ import annotations

import itertools
import statistics
import uuid

import psycopg
from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, event

from tests.benchmarks.harness import Bench, Figure, in_turn, not_crippled, one_core, rate

_numbers = itertools.count(10**9)
EVENTS = 6_000
LIBRARY_AND_RAW = 534, 5057  # facts.md: the library as delivered, 8 threads


def append_8(bench: Bench) -> Figure:
    return _append(bench, "append-8", 8, 0.5)


def append_32(bench: Bench) -> Figure:
    return _append(bench, "append-32", 32, 0.8)


def _append(bench: Bench, name: str, threads: int, at_least: float) -> Figure:
    bench.customers  # noqa: B018
    with one_core():
        ours(bench, threads, 2_000)
        mine, peer = in_turn(
            lambda: ours(bench, threads, EVENTS), lambda: raw(bench, threads, EVENTS), rounds=7
        )
    return Figure(name, mine, peer, "events/s", at_least=at_least)


def ours(bench: Bench, threads: int, total: int) -> float:
    """Through the store's port: encoded, sealed, digested, ids and versions checked, durable."""

    def work(n: int):
        facts = iter(list(itertools.islice(bench.facts(n), total // threads)))
        return lambda: bench.deployment.store.append([next(facts)])

    return rate(threads, total, work)


def raw(bench: Bench, threads: int, total: int) -> float:
    """One prepared INSERT and commit each, of the same bytes, into the same unique indexes."""
    table = bench.table()
    rows = itertools.cycle(bench.stored(1_000) or _first(bench))
    insert = f"INSERT INTO {table} VALUES ({', '.join(['%s'] * 12)})"
    connections = [psycopg.connect(bench.deployment.url, autocommit=True) for _ in range(threads)]

    def work(n: int):
        cursor = connections[n].cursor(binary=True)
        mine = iter([_anew(next(rows)) for _ in range(total // threads)])
        return lambda: cursor.execute(insert, next(mine), prepare=True)

    try:
        return rate(threads, total, work)
    finally:
        for connection in connections:
            connection.close()


def _anew(row: tuple) -> list:
    new = list(row)
    new[2], new[6] = next(_numbers), uuid.uuid4()
    new[4] = str(new[6])
    return new


def _first(bench: Bench) -> list[tuple]:
    ours(bench, 8, 1_000)
    return bench.stored(1_000)


class Preference(Aggregate):
    @event("Stated")
    def __init__(self, customer: str, attribute: str, value: str) -> None:
        self.customer, self.attribute, self.value = customer, attribute, value


class Preferences(Application):
    pass


def environment(bench: Bench) -> dict[str, str]:
    told = psycopg.conninfo.conninfo_to_dict(bench.deployment.url)
    return {
        "PERSISTENCE_MODULE": "eventsourcing.postgres",
        "POSTGRES_DBNAME": told["dbname"],
        "POSTGRES_HOST": told["host"],
        "POSTGRES_PORT": str(told["port"]),
        "POSTGRES_USER": told["user"],
        "POSTGRES_PASSWORD": told["password"],
        "POSTGRES_POOL_SIZE": "10",
        "POSTGRES_MAX_OVERFLOW": "10",
    }


def library(bench: Bench) -> Application:
    """As delivered."""
    return Preferences(env=environment(bench))


def append_lib(bench: Bench) -> Figure:
    app = library(bench)

    def delivered() -> float:
        def work(n: int):
            return lambda: app.save(Preference("customer-00001", "colour", "midnight blue"))

        return rate(8, 1_600, work)

    bench.customers  # noqa: B018
    with one_core():
        delivered()
        mine, peer = in_turn(lambda: ours(bench, 8, EVENTS), delivered)
        beside = statistics.median(raw(bench, 8, EVENTS) for _ in range(3))
    not_crippled("eventsourcing as delivered", peer, beside, LIBRARY_AND_RAW)
    app.close()
    return Figure("append-lib", mine, peer, "events/s", at_least=3.5)
