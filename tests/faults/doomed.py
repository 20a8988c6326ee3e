"""Members of a deployment with a fault in them: each in a process of its own."""

from __future__ import annotations

import json
import os
import signal
from dataclasses import dataclass
from datetime import UTC, datetime

from consumers.ports.store import Appended
from consumers.ports.views import Fenced
from domain.event import Data, Kind, event
from domain.personal import Plain
from infra.cli import main
from infra.deployment import Deployment
from infra.kafka.writer import KafkaLogWriter
from infra.postgres.store import positioning
from infra.postgres.views.views import PostgresViews
from infra.settings import Settings
from tests.faults import writer
from tests.frontdoor import message

REFUSED, WRITTEN = 7, 8
"""Exit codes: the write of who slept was refused, or not."""


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def sleep() -> None:
    os.kill(os.getpid(), signal.SIGSTOP)


def project_killed_before_commit() -> None:
    PostgresViews.commit = lambda *_: die()
    main.run(["project"])


def project_killed_after_commit() -> None:
    commit = PostgresViews.commit

    def committed(self, changes):
        commit(self, changes)
        die()

    PostgresViews.commit = committed
    main.run(["project"])


def project_stopped_before_commit() -> None:
    commit = PostgresViews.commit

    def late(self, changes):
        sleep()
        try:
            commit(self, changes)
        except Fenced:
            os._exit(REFUSED)
        os._exit(WRITTEN)

    PostgresViews.commit = late
    main.run(["project"])


def relay_killed_after_acknowledgement() -> None:
    write = KafkaLogWriter.write

    def written(self, batches):
        write(self, batches)
        die()

    KafkaLogWriter.write = written
    main.run(["relay"])


def relay_stopped_before_write() -> None:
    write = KafkaLogWriter.write

    def late(self, batches):
        sleep()
        write(self, batches)
        os._exit(WRITTEN)

    KafkaLogWriter.write = late
    main.run(["relay"])


class Uncommitted:
    """A connection on which everything is done but the commit."""

    def __init__(self, db) -> None:
        self._db = db

    def __getattr__(self, name: str):
        return getattr(self._db, name)

    def execute(self, query, *values):
        if query == "COMMIT":
            self._db.execute("SELECT 1").fetchone()  # the rows have their numbers
            sleep()
        return self._db.execute(query, *values)


def writer_stopped_before_commit(*said) -> None:
    write = positioning.write

    def uncommitted(db, places):
        write(Uncommitted(db) if places.advanced else db, places)

    positioning.write = uncommitted
    writer.main(*said)


def release_to_come(customer: str) -> None:
    """Its door takes in what the projectors of this release cannot read."""

    @event("customer.hat-worn.v1", Kind.FACT, needs="personalize")
    @dataclass(frozen=True, slots=True, kw_only=True)
    class HatWorn(Data):
        hat: Plain[str]

    said = message("hat", "customer.hat-worn.v1", f"customer/{customer}", {"hat": "red"})
    with Deployment(Settings()) as deployment:
        [answer] = deployment.gate([]).accept([json.dumps(said).encode()], datetime.now(UTC))
        assert isinstance(answer, Appended), answer
