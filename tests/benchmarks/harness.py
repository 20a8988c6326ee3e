"""What every benchmark needs: a deployment with customers, rounds in turn, and a table."""

from __future__ import annotations

import itertools
import json
import os
import random
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
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


@dataclass(frozen=True)
class Figure:
    """`ours` and `peer` in `unit`; the bounds are on their ratio."""

    name: str
    ours: float
    peer: float | None
    unit: str
    at_least: float | None = None
    at_most: float | None = None
    said: str = ""  # what the unit does not say

    @property
    def ratio(self) -> float | None:
        return self.ours / self.peer if self.peer else None

    @property
    def missed(self) -> bool:
        if self.ratio is None:
            return False
        return bool(
            (self.at_least and self.ratio < self.at_least)
            or (self.at_most and self.ratio > self.at_most)
        )

    def as_json(self) -> dict[str, object]:
        return {**asdict(self), "ratio": self.ratio}


class Crippled(Exception):
    """A peer that is much slower here than facts.md says: nothing is proved by beating it."""


def not_crippled(name: str, peer: float, raw: float, facts: tuple[float, float]) -> None:
    """`facts` is what facts.md says of the peer and of raw inserts beside it, events a second.

    Raw inserts are little but commits. Where a disk commits faster than the one of facts.md, all
    else falls behind them, so a peer that is as fast as it was there is not crippled either.
    """
    there, beside = facts
    if peer / raw < 0.8 * there / beside and peer < there:
        raise Crippled(
            f"{name} makes {peer:.0f} events/s, {peer / raw:.3f} of raw inserts, "
            f"not {there:.0f} and {there / beside:.3f}"
        )


class Bench:
    """A deployment in a temporary home, with 20,000 customers who consent."""

    def __init__(self) -> None:
        self._open = ExitStack()
        folder = self._open.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True))
        self.home = Path(folder) / "home"
        self.deployment = self._open.enter_context(Deployment(Settings(home=self.home, linger_s=1)))
        self.admin = self._open.enter_context(psycopg.connect(self.deployment.url, autocommit=True))
        self._ids = itertools.count()
        self._tables = itertools.count()

    def close(self) -> None:
        self._open.close()

    @cached_property
    def broker(self) -> Broker:
        """A Kafka, as long as the bench."""
        made = Broker(self.home.parent / "kafka")
        self._open.callback(made.stop)
        made.start()
        return made

    @cached_property
    def customers(self) -> list[str]:
        purposes = ConsentGranted(purposes=("personalize",), policy_version="bench")
        for i in range(0, len(CUSTOMERS), 500):
            said = [self.event(c, purposes) for c in CUSTOMERS[i : i + 500]]
            self.deployment.store.append([StreamAppend(e.subject, (e,)) for e in said])
        return CUSTOMERS

    def event(self, customer: str, data=None) -> Event:
        """A fact about a customer; a stated preference if nothing else is given."""
        stated = data or PreferenceStated(
            attribute="colour", value="midnight blue", origin="direct", choice_space="closed",
            target="product", stage="in_use", effort_s=2.5,
        )  # fmt: skip
        return Event(
            id=event_id("/bench", str(next(self._ids))),
            source="/bench",
            subject=f"customer/{customer}",
            time=NOW,
            data=stated,
            customerid=customer,
            channel="web",
        )

    def facts(self, seed: int) -> Iterator[StreamAppend]:
        dice = random.Random(seed)
        while True:
            e = self.event(dice.choice(self.customers))
            yield StreamAppend(e.stream, (e,))

    def stored(self, limit: int) -> list[tuple]:
        """Rows as they are stored: what a peer writes, byte for byte."""
        return self.admin.cursor(binary=True).execute(
            "SELECT incarnation, partition, number, owner, stream, version, id, type, time, "
            "recorded, digest, data FROM store.event WHERE type LIKE '%%preference-stated%%' "
            "LIMIT %s", [limit],
        ).fetchall()  # fmt: skip

    def table(self) -> str:
        """A new table like the store's, with the same unique indexes."""
        name = f"peer_{next(self._tables)}"
        self.admin.execute(f"CREATE TABLE {name} (LIKE store.event INCLUDING ALL)")
        return name

    @cached_property
    def raw_alone(self) -> float:
        """Raw inserts a second of one connection: what facts.md relates its figures to."""
        from tests.benchmarks.append import raw

        return statistics.median(raw(self, 1, 2_000) for _ in range(3))


@contextmanager
def one_core() -> Iterator[None]:
    """Ours and the peer on one core, PostgreSQL on all.

    A Python process uses one core at a time; waking its threads across two costs more than an
    append, and tells of the machine.
    """
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(before)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def rate(threads: int, total: int, work: Callable[[int], Callable[[], object]]) -> float:
    """Calls a second of `threads` threads; `work(n)` prepares thread n and returns its step."""
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
    """Medians of both, measured in turn so that a drift of the machine meets both."""
    pairs = [(ours(), peer()) for _ in range(rounds)]
    return statistics.median(p[0] for p in pairs), statistics.median(p[1] for p in pairs)


def write(figures: list[Figure], file: Path) -> None:
    file.write_text(json.dumps([f.as_json() for f in figures], indent=1) + "\n")
