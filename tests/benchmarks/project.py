"""Events from the log into the view `profile`, against the runner of `eventsourcing`."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from typing import Any

import msgspec
from eventsourcing.application import Application
from eventsourcing.persistence import Tracking
from eventsourcing.postgres import PostgresTrackingRecorder
from eventsourcing.projection import Projection, ProjectionRunner

from domain.customer.events import PreferenceStated
from domain.event import Event, Position, Recorded
from infra.postgres.views.columns import Column, columns
from projections import discover
from tests.benchmarks.append import Preference, environment
from tests.benchmarks.harness import Bench, check_peer
from tests.benchmarks.results import Figure, at_least

EVENTS, FEWER = 100_000, 6_000
RUNNER_AND_INSERTS = 671, 1_895  # ProjectionRunner with a view in PostgreSQL, one thread

PROFILE = discover()["profile"]
COLUMNS = columns(PROFILE)
NAMES = ", ".join(f'"{c.name}"' for c in COLUMNS)
SELECT = f"SELECT {NAMES} FROM peer_profile WHERE partition = 0 AND key = %s"
UPSERT = (
    f"INSERT INTO peer_profile (partition, key, owner, {NAMES}) "
    f"VALUES (0, %s, %s, {', '.join(['%s'] * len(COLUMNS))}) "
    "ON CONFLICT (partition, key) DO UPDATE SET "
    + ", ".join(f'"{c.name}" = excluded."{c.name}"' for c in COLUMNS)
)


class ProjectedPreferences(Application):
    """An application with a table of its own, which has only the events of the runner."""


class ProfileView(PostgresTrackingRecorder):
    """The row of `profile` by the same fold; the library commits one event at a time."""

    def fold(self, event: Recorded, tracking: Tracking) -> None:
        customer = event.owner
        with self.datastore.transaction(commit=True) as cursor:
            cursor.execute(SELECT, [customer])
            stored = cursor.fetchone()
            row = None
            if stored:
                row = PROFILE.row(**{c.name: _read(c, stored[c.name]) for c in COLUMNS})
            [(_, fold)] = PROFILE.steps(event)
            row = fold(row, event)
            values = [_store(c, getattr(row, c.name)) for c in COLUMNS]
            cursor.execute(UPSERT, [customer, customer, *values])
            self._insert_tracking(cursor, tracking)


def _store(column: Column, value: Any) -> Any:
    encoded = msgspec.json.encode(value)
    return encoded if column.personal else encoded.decode() if column.parse else value


def _read(column: Column, value: Any) -> Any:
    if not column.parse or value is None:
        return value
    return column.parse(value if column.personal else msgspec.json.encode(value))


class Profiles(Projection[ProfileView]):
    topics = ()

    def process_event(self, domain_event: Any, tracking: Tracking) -> None:
        preference = PreferenceStated(
            attribute=domain_event.attribute, value=domain_event.value, origin="direct",
            choice_space="closed", target="product", stage="in_use", effort_s=2.5,
        )  # fmt: skip
        event = Event(
            id=domain_event.originator_id, source="/bench", time=domain_event.timestamp,
            subject=f"customer/{domain_event.customer}", customerid=domain_event.customer,
            data=preference,
        )  # fmt: skip
        position = Position(1, 0, tracking.notification_id)
        self.view.fold(Recorded(event, position, 1, domain_event.timestamp), tracking)


def project(bench: Bench) -> Iterator[Figure]:
    """The same fold and the same rows; ours commits them batch by batch."""
    bench.fill(EVENTS)

    def projected() -> float:
        bench.forget_profile()
        [projector] = [p for p in bench.deployment.projectors() if p.group == PROFILE.group]
        began = time.perf_counter()
        events = projector.drain()
        took = time.perf_counter() - began
        projector.close()
        return events / took

    ours = statistics.median(projected() for _ in range(3))
    peer = statistics.median(_runner(bench) for _ in range(3))
    yield Figure("project", ours, peer, "events/s", at_least(15))
    check_peer("ProjectionRunner", peer, bench.inserts_alone, RUNNER_AND_INSERTS)


def _runner(bench: Bench) -> float:
    """Events a second of the library's runner, its start included, for events that are new."""
    bench.admin.execute("CREATE TABLE IF NOT EXISTS peer_profile "
                        "(LIKE projection.profile_v2 INCLUDING ALL)")  # fmt: skip
    app = ProjectedPreferences(env=environment(bench))
    for n in range(0, FEWER, 100):
        app.save(
            *[Preference(f"customer-{n + i:05}", "colour", "midnight blue") for i in range(100)]
        )
    last = app.recorder.max_notification_id()
    began = time.perf_counter()
    with ProjectionRunner(
        application_class=ProjectedPreferences,
        projection_class=Profiles,
        view_class=ProfileView,
        env=environment(bench),
    ) as runner:
        runner.wait(last, timeout=120)
    took = time.perf_counter() - began
    app.close()
    return FEWER / took
