"""Events from the log into a view, against the library's own runner with the same view."""

from __future__ import annotations

import statistics
import time
from typing import Any

from eventsourcing.persistence import Tracking
from eventsourcing.postgres import PostgresDatastore, PostgresTrackingRecorder
from eventsourcing.projection import Projection, ProjectionRunner
from psycopg.types.json import Jsonb

from tests.benchmarks.append import Preference, Preferences, environment, library
from tests.benchmarks.harness import Bench, Figure, not_crippled

EVENTS, FEWER = 100_000, 3_000
RUNNER_TO_RAW = 671 / 1895  # facts.md: ProjectionRunner with a Postgres view, one thread


class ProfileView(PostgresTrackingRecorder):
    """A profile's row, read, folded and written with its position, as the library does it."""

    def __init__(self, datastore: PostgresDatastore, **kwargs: Any) -> None:
        super().__init__(datastore, **kwargs)
        self.create_table_statements = getattr(self, "create_table_statements", [])

    def fold(self, customer: str, attribute: str, value: str, tracking: Tracking) -> None:
        with self.datastore.transaction(commit=True) as cursor:
            cursor.execute("SELECT events, beliefs FROM peer_profile WHERE key = %s", [customer])
            row = cursor.fetchone()
            events, beliefs = (row["events"], row["beliefs"]) if row else (0, {})
            beliefs[attribute] = value
            cursor.execute(
                "INSERT INTO peer_profile VALUES (%s, %s, %s) ON CONFLICT (key) DO UPDATE "
                "SET events = excluded.events, beliefs = excluded.beliefs",
                [customer, events + 1, Jsonb(beliefs)],
            )
            self._insert_tracking(cursor, tracking)


class Profiles(Projection[ProfileView]):
    topics = ()

    def process_event(self, domain_event: Any, tracking: Tracking) -> None:
        self.view.fold(domain_event.customer, domain_event.attribute, domain_event.value, tracking)


def project(bench: Bench) -> Figure:
    facts = bench.facts(7)
    while sum(bench.app.log.heads().values()) < EVENTS:
        bench.app.store.append([next(facts) for _ in range(500)])

    def ours() -> float:
        bench.admin.execute(
            "TRUNCATE projection.profile_v1; DELETE FROM projection.checkpoint; "
            "DELETE FROM projection.parked"
        )
        [profile] = [p for p in bench.app.projectors() if p.group == "profile_v1"]
        began = time.perf_counter()
        events = profile.drain()
        took = time.perf_counter() - began
        profile.close()
        return events / took

    rate = statistics.median(ours() for _ in range(3))
    peer = statistics.median(_runner(bench, n) for n in range(3))
    not_crippled("ProjectionRunner", peer, bench.raw_alone, RUNNER_TO_RAW)
    return Figure("project", rate, peer, "events/s", at_least=15)


def _runner(bench: Bench, run: int) -> float:
    bench.admin.execute(
        "DROP TABLE IF EXISTS peer_profile; "
        "CREATE TABLE peer_profile (key text PRIMARY KEY, events int, beliefs jsonb)"
    )
    app = library(bench)
    before = app.recorder.max_notification_id() or 0
    for n in range(0, FEWER, 100):
        app.save(
            *[Preference(f"customer-{n + i:05}", "colour", "midnight blue") for i in range(100)]
        )
    last = app.recorder.max_notification_id()
    assert last == before + FEWER
    began = time.perf_counter()
    with ProjectionRunner(
        application_class=Preferences,
        projection_class=Profiles,
        view_class=ProfileView,
        env={**environment(bench), "PROFILES_TRACKING_TABLE_NAME": f"peer_tracking_{run}"},
    ) as runner:
        runner.wait(last, timeout=120)
    took = time.perf_counter() - began
    app.close()
    return last / took
