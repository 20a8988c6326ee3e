"""Processes of a deployment that fail at a chosen point."""

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
"""Exit codes of a process that was paused: its write was refused, or it was not."""


def kill_self() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def pause_self() -> None:
    os.kill(os.getpid(), signal.SIGSTOP)


def project_killed_before_commit() -> None:
    PostgresViews.commit = lambda *_: kill_self()
    main.run(["project"])


def project_killed_after_commit() -> None:
    commit = PostgresViews.commit

    def commit_and_die(self, changes):
        commit(self, changes)
        kill_self()

    PostgresViews.commit = commit_and_die
    main.run(["project"])


def project_paused_before_commit() -> None:
    commit = PostgresViews.commit

    def pause_and_commit(self, changes):
        pause_self()
        try:
            commit(self, changes)
        except Fenced:
            os._exit(REFUSED)
        os._exit(WRITTEN)

    PostgresViews.commit = pause_and_commit
    main.run(["project"])


def relay_killed_after_acknowledgement() -> None:
    write = KafkaLogWriter.write

    def write_and_die(self, batches):
        write(self, batches)
        kill_self()

    KafkaLogWriter.write = write_and_die
    main.run(["relay"])


def relay_paused_before_write() -> None:
    write = KafkaLogWriter.write

    def pause_and_write(self, batches):
        pause_self()
        write(self, batches)
        os._exit(WRITTEN)

    KafkaLogWriter.write = pause_and_write
    main.run(["relay"])


class PausedBeforeCommit:
    """A connection that pauses its process where a transaction would be committed."""

    def __init__(self, db) -> None:
        self._db = db

    def __getattr__(self, name: str):
        return getattr(self._db, name)

    def execute(self, query, *values):
        if query == "COMMIT":
            self._db.execute("SELECT 1").fetchone()  # returns when the rows have their numbers
            pause_self()
        return self._db.execute(query, *values)


def writer_paused_before_commit(*arguments) -> None:
    write = positioning.write

    def write_without_commit(db, positions):
        write(PausedBeforeCommit(db) if positions.advanced else db, positions)

    positioning.write = write_without_commit
    writer.main(*arguments)


def later_release_publishes(customer: str) -> None:
    """Appends an event of a type that this release does not know, so its projectors park it."""

    @event("customer.hat-worn.v1", Kind.FACT, needs="personalize")
    @dataclass(frozen=True, slots=True, kw_only=True)
    class HatWorn(Data):
        hat: Plain[str]

    worn = message("hat", "customer.hat-worn.v1", f"customer/{customer}", {"hat": "red"})
    with Deployment(Settings()) as deployment:
        [answer] = deployment.gate([]).accept([json.dumps(worn).encode()], datetime.now(UTC))
        assert isinstance(answer, Appended), answer
