"""What is lost and comes back: the store behind its log, and the log behind its store.

Each fault is a function of a deployment, a seed and durations in seconds; it raises AssertionError
where something is lost or doubled, and returns what it saw.
"""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field

import httpx

from domain.event import event_id
from infra.bootstrap import App
from infra.postgres.envelopes import PostgresEnvelopes
from infra.settings import Settings
from projections import discover
from tests.broker import Broker, free_ports
from tests.faults.writer import messages
from tests.frontdoor import Front
from tests.homes import bring_back, keep, settle
from tests.httpdoor import BATCH, serving, stop, wait_for

BASIS = "fulfil,personalize,analyse"
CUSTOMERS = 30


def batch(seed: int, n: int) -> dict[str, dict]:
    return messages(str(seed), n, str(seed), CUSTOMERS)


@dataclass
class Writer:
    """Publishes seeded facts over HTTP, every other batch with wait=log, and notes the answers."""

    seed: int
    said: dict[str, dict] = field(default_factory=dict)  # messages by id
    acknowledged: set[str] = field(default_factory=set)
    logged: set[str] = field(default_factory=set)  # of these Kafka was said to have them
    batches: int = 0

    def write(self, client: httpx.Client, until) -> None:
        while not until():
            new = batch(self.seed, self.batches)
            self.said |= new
            self.batches += 1
            while not until() and not self.send(client, new, wait=self.batches % 2 == 0):
                time.sleep(0.05)

    def send(self, client: httpx.Client, batch: dict[str, dict], *, wait: bool) -> bool:
        """Whether there was an answer that leaves nothing open."""
        params = {"basis": BASIS} | ({"wait": "log", "timeout_s": 5} if wait else {})
        try:
            answer = client.post("/v1/events", params=params, json=list(batch.values()),
                                 headers={"Content-Type": BATCH})  # fmt: skip
        except httpx.TransportError:
            return False
        if answer.status_code not in (200, 202):
            return False
        told = answer.json()
        assert {i["status"] for i in told["items"]} <= {"accepted", "known"}, told
        self.acknowledged |= set(batch)
        if told["in_log"]:
            self.logged |= set(batch)
        return not wait or told["in_log"]


@contextmanager
def load(writer: Writer, client: httpx.Client):
    done = threading.Event()
    thread = threading.Thread(target=writer.write, args=[client, done.is_set])
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


@contextmanager
def running(front: Front, *, gently: bool = True):
    """`ordermade up` with its HTTP door; else ended with kill -9 of all of it."""
    [port] = free_ports(1)
    process = front.start("up", "--http", port, start_new_session=True)
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
            wait_for(client)
            yield client
    finally:
        if gently:
            stop(process)
        else:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def older_backup(front: Front, seed: int, before_s: float = 1.0, after_s: float = 1.0) -> str:
    """PostgreSQL is restored from a backup that is older than the log."""
    writer, folder = Writer(seed), front.home.parent
    with running(front) as client, load(writer, client):
        time.sleep(before_s)
    keep(front, folder / "backup")
    with running(front, gently=False) as client, load(writer, client):
        time.sleep(after_s)
        front.ok("keys", "export", folder / "keys")
    with serving(front) as door:  # nothing relays what it takes
        unrelayed = batch(seed + 1, 0)
        writer.said |= unrelayed
        assert writer.send(door.client, unrelayed, wait=False)
    settle(front.home)
    heads = log_of(front)
    bring_back(front, folder / "backup")

    some = next(iter(writer.said.values()))
    with serving(front) as door:
        assert door.client.get("/v1/views/profile").status_code == 200
        refused = door.publish({**some, "id": "new"}, "personalize")
        assert refused.json()["type"] == "urn:ordermade:problem:store-behind"
    told = json.loads(front.ok("restore", "--keys", folder / "keys", "--json"))
    ids = stored_ids(front)
    assert log_of(front) == heads
    present = {id for id in writer.said if str(event_id("/test", id)) in ids}
    assert writer.logged <= present
    lost = writer.acknowledged - present
    assert lost >= set(unrelayed)
    with serving(front) as door:
        for id, message in writer.said.items():
            assert writer.send(door.client, {id: message}, wait=False)
    views_are_the_fold_of(front, set(writer.said))
    return (
        f"seed {seed}: {len(writer.acknowledged)} acknowledged, {len(writer.logged)} of them with "
        f"wait=log, {told['events']} events pulled, {len(lost)} lost with the database"
    )


def kafka_lost(front: Front, broker: Broker, seed: int, before_s: float = 1.0,
               away_s: float = 0.5, after_s: float = 1.0) -> str:  # fmt: skip
    """Kafka's data is lost under load; the relay fills the log again."""
    writer = Writer(seed)
    with running(front) as client, load(writer, client):
        time.sleep(before_s)
        broker.lose()
        time.sleep(away_s)
        broker.start()
        began = time.monotonic()
        seen = len(writer.logged)
        while len(writer.logged) == seen:  # it is in the log again what is said
            assert time.monotonic() - began < 120
            time.sleep(0.05)
        took = time.monotonic() - began
        time.sleep(after_s)
    with serving(front) as door:
        for id in writer.said.keys() - writer.acknowledged:
            assert writer.send(door.client, {id: writer.said[id]}, wait=False)
    front.ok("--wait-log", "init")
    views_are_the_fold_of(front, set(writer.said))
    return f"seed {seed}: {len(writer.said)} events, in the log again after {took:.1f} s"


def log_of(front: Front) -> dict[int, list[tuple[int, str]]]:
    """Numbers and ids of the log in Kafka, each partition from its start."""
    with App(Settings(home=front.home, linger_s=0.1, **kafka_of(front))) as app:
        log = app.log
        return {
            p: [(e.position.number, str(e.event.id)) for e in log.read(p, 0, head + 1)]
            for p, head in log.heads().items()
        }


def heads(app: App) -> dict[int, int]:
    with app.pool("reader") as pool:
        return dict(PostgresEnvelopes(pool).heads())


def kafka_of(front: Front) -> dict[str, str]:
    told = dict(front.more)
    return {"kafka": told["ORDERMADE_KAFKA"], "kafka_topics": told["ORDERMADE_KAFKA_TOPICS"]}


def stored_ids(front: Front) -> set[str]:
    return {row["event_id"] for row in json.loads(
        front.ok("show", "audit", "--json", "--limit", "1000000"))["rows"]}  # fmt: skip


def views_are_the_fold_of(front: Front, said: set[str]) -> None:
    """The log has each of the messages once, the store has no more, and the views are its fold."""
    with App(Settings(home=front.home, linger_s=0.1, **kafka_of(front))) as app:
        deadline = time.monotonic() + 60
        while not app.drain() or app.log.heads() != heads(app):
            assert time.monotonic() < deadline
        events = [e for p, head in app.log.heads().items() for e in app.log.read(p, 0, head + 1)]
        facts = sorted(str(e.event.id) for e in events if e.event.source == "/test")
        assert facts == sorted(str(event_id("/test", id)) for id in said)
        for view in discover().values():
            assert dict(app.views.find(view, None)) == view.fold(events)
