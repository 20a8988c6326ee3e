"""What the benchmarks share: a deployment with customers, and ways to measure."""

from __future__ import annotations

import itertools
import os
import random
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

import psycopg

from consumers.ports.store import StreamAppend
from domain.customer.events import ConsentGranted, PreferenceStated
from domain.event import Event, event_id
from infra.deployment import Deployment
from infra.settings import Settings
from tests.broker import Broker

CUSTOMERS = [f"customer-{n:05}" for n in range(20_000)]
NOW = datetime(2026, 3, 1, tzinfo=UTC)
BATCH = 500
"""Events that are appended together where appending is not what is measured."""


class PeerTooSlow(Exception):
    """A peer is much slower here than where its rate was recorded: to beat it proves nothing."""


def check_peer(name: str, peer: float, inserts: float, recorded: tuple[float, float]) -> None:
    """Raises PeerTooSlow where a peer is slow both by itself and in relation to raw inserts.

    All are events a second; `recorded` has the rates of the peer and of raw inserts beside it, as
    they were measured on two shared cores with PostgreSQL 15 and fsync on. Raw inserts do little
    but commit, so on a disk that commits faster than that one the relation alone says nothing.
    """
    recorded_peer, recorded_inserts = recorded
    relation = peer / inserts
    if relation < 0.8 * recorded_peer / recorded_inserts and peer < recorded_peer:
        raise PeerTooSlow(
            f"{name} reaches {peer:,.0f} events/s, {relation:.3f} of raw inserts; recorded were "
            f"{recorded_peer:,.0f} and {recorded_peer / recorded_inserts:.3f}. Run the bench on a "
            "quiet machine"
        )


class Bench:
    """A deployment in a temporary home, with 20,000 customers who consent."""

    def __init__(self) -> None:
        with ExitStack() as stack:
            temporary = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
            self.home = Path(stack.enter_context(temporary)) / "home"
            self.deployment = stack.enter_context(Deployment(Settings(home=self.home, linger_s=1)))
            self.admin = stack.enter_context(psycopg.connect(self.deployment.url, autocommit=True))
            self._open = stack.pop_all()
        self._ids = itertools.count()
        self._tables = itertools.count()

    def close(self) -> None:
        self._open.close()

    def checkpoint(self) -> None:
        """Writes the database's pages to disk, so that the next benchmark does not pay for it."""
        self.admin.execute("CHECKPOINT")

    @cached_property
    def broker(self) -> Broker:
        """A Kafka that runs until the bench is closed."""
        broker = Broker(self.home.parent / "kafka")
        self._open.callback(broker.stop)
        broker.start()
        return broker

    @cached_property
    def customers(self) -> list[str]:
        """The ids of the customers, stored with their consent."""
        purposes = ConsentGranted(purposes=("personalize",), policy_version="bench")
        for i in range(0, len(CUSTOMERS), BATCH):
            events = [self.event(customer, purposes) for customer in CUSTOMERS[i : i + BATCH]]
            self.deployment.store.append([StreamAppend(e.subject, (e,)) for e in events])
        return CUSTOMERS

    def event(self, customer: str, data=None) -> Event:
        """An event about a customer with these data; without any, a stated preference."""
        preference = PreferenceStated(
            attribute="colour", value="midnight blue", origin="direct", choice_space="closed",
            target="product", stage="in_use", effort_s=2.5,
        )  # fmt: skip
        return Event(
            id=event_id("/bench", str(next(self._ids))),
            source="/bench",
            subject=f"customer/{customer}",
            time=NOW,
            data=data or preference,
            customerid=customer,
            channel="web",
        )

    def facts(self, seed: int) -> Iterator[StreamAppend]:
        """Stated preferences of customers drawn at random, without end."""
        dice = random.Random(seed)
        while True:
            event = self.event(dice.choice(self.customers))
            yield StreamAppend(event.stream, (event,))

    def fill(self, events: int) -> None:
        """Appends facts until the store holds at least so many events."""
        facts = self.facts(7)
        missing = events - sum(self.deployment.log.heads().values())
        for _ in range(0, missing, BATCH):
            self.deployment.store.append(list(itertools.islice(facts, BATCH)))

    def stored(self, limit: int) -> list[tuple]:
        """Rows of the store's table as they are: what a peer writes, byte for byte."""
        return self.admin.cursor(binary=True).execute(
            "SELECT incarnation, partition, number, owner, stream, version, id, type, time, "
            "recorded, digest, data FROM store.event WHERE type LIKE '%%preference-stated%%' "
            "LIMIT %s", [limit],
        ).fetchall()  # fmt: skip

    def table(self) -> str:
        """Creates a table like the store's, with the same unique indexes, and returns its name."""
        name = f"peer_{next(self._tables)}"
        self.admin.execute(f"CREATE TABLE {name} (LIKE store.event INCLUDING ALL)")
        return name

    def forget_profile(self) -> None:
        """Empties the view `profile`, so that the next projector folds the whole log again."""
        self.admin.execute(
            "TRUNCATE projection.profile_v2; DELETE FROM projection.checkpoint; "
            "DELETE FROM projection.parked"
        )

    @cached_property
    def inserts_alone(self) -> float:
        """Raw inserts a second over one connection: what recorded rates are related to."""
        from tests.benchmarks.append import raw_inserts

        return statistics.median(raw_inserts(self, 1, 2_000) for _ in range(3))


@contextmanager
def one_core() -> Iterator[None]:
    """Keeps this process on one core; PostgreSQL still uses all.

    A Python process uses one core at a time, and waking its threads across two costs more than an
    append.
    """
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(before)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def rate(threads: int, total: int, work: Callable[[int], Callable[[], object]]) -> float:
    """Calls a second of all threads together; `work(n)` prepares thread n and returns its step."""
    steps = [work(n) for n in range(threads)]
    gate = threading.Barrier(threads + 1)

    def run(step: Callable[[], object]) -> None:
        gate.wait()
        for _ in range(total // threads):
            step()

    running = [threading.Thread(target=run, args=[step]) for step in steps]
    for thread in running:
        thread.start()
    gate.wait()
    began = time.perf_counter()
    for thread in running:
        thread.join()
    return total / (time.perf_counter() - began)


def in_turn(
    ours: Callable[[], float], peer: Callable[[], float], rounds: int = 5
) -> tuple[float, float]:
    """The medians of both. Measured alternately, both meet the same drift of the machine."""
    pairs = [(ours(), peer()) for _ in range(rounds)]
    return statistics.median(p[0] for p in pairs), statistics.median(p[1] for p in pairs)
