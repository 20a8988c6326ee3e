"""A deployment under load: `ordermade up` with two projectors on one of the logs, and writers."""

from __future__ import annotations

import random
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from uuid import uuid4

import psycopg
import psycopg_pool

from domain.event import Data, Recorded
from infra.deployment import Deployment
from infra.kafka.errors import KafkaUnreachable
from infra.postgres.server import embedded
from infra.postgres.server.embedded import ServerUnavailable
from infra.settings import Settings
from projections import discover
from tests.broker import Broker
from tests.faults import writer
from tests.faults.forked import Started, up
from tests.faults.writer import Notes, Writer
from tests.frontdoor import Front
from tests.homes import copied, made
from tests.members import shared
from tests.waiting import PATIENCE_S, until
from tests.within import Within

PARTITIONS, PROJECTORS = 5, 2
SESSION_S = 1.5
GROUPS = [view.group for view in discover().values()]
ALL = 10**7  # events or rows
AWAY = (psycopg.Error, psycopg_pool.PoolTimeout, ServerUnavailable, KafkaUnreachable)


@dataclass(frozen=True)
class Lengths:
    """How long things are broken, in seconds; how often, and by how many writers it is noticed."""

    before: float
    database: float
    relay: float
    broker: float
    silence: float
    disk: float
    repeats: int
    writers: int


FULL = Lengths(before=3, database=20, relay=60, broker=20, silence=60, disk=10, repeats=5,
               writers=6)  # fmt: skip
SHORT = Lengths(before=0.3, database=2, relay=2, broker=0.5, silence=1.5, disk=1, repeats=1,
                writers=2)  # fmt: skip


def state(pid: int) -> str:
    """The state of a process as /proc has it; T is stopped."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


def children(pid: int) -> dict[int, str]:
    """The processes that one has started, and their names."""
    found = {}
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it just ended
            state, parent = (entry / "stat").read_text().rpartition(")")[2].split()[:2]
            if int(parent) == pid and state != "Z":
                found[int(entry.name)] = (entry / "comm").read_text().strip()
    return found


def beginning(folder: Path) -> Path:
    """The home with which deployments begin."""
    return made(folder / "home", ("ORDERMADE_PARTITIONS", str(PARTITIONS)))


@dataclass
class DeploymentUnderLoad:
    """`kafka` is the address of the one that is the log; `broker` is it, if it may be broken.

    `made` is a home that it begins with. `url` names a PostgreSQL in place of the deployment's own.
    """

    folder: Path
    made: Path
    kafka: str | None
    broker: Broker | None
    seed: str
    lengths: Lengths
    url: str | None = None
    customers: int = 30
    up: Started | None = None
    started: list[Started] = field(default_factory=list)
    writers: list[Started] = field(default_factory=list)
    held: ExitStack = field(default_factory=ExitStack)

    @cached_property
    def dice(self) -> random.Random:
        return random.Random(self.seed)

    @cached_property
    def _told(self) -> dict[str, object]:
        told = {"partitions": PARTITIONS, "session_s": SESSION_S, "linger_s": 1}
        database = {"database_url": self.url} if self.url else {}
        names = f"test-{uuid4().hex}"
        kafka = {"kafka": self.kafka, "kafka_topics": names} if self.kafka else {}
        return told | database | kafka

    @cached_property
    def settings(self) -> Settings:
        return Settings(home=self.folder / "home", **self._told)

    @cached_property
    def front(self) -> Front:
        more = tuple((f"ORDERMADE_{name.upper()}", str(v)) for name, v in self._told.items())
        return Within(self.folder / "home", more)

    @contextmanager
    def opened(self) -> Iterator[Deployment]:
        with Deployment(self.settings, 5.0) as deployment:
            yield deployment

    def events(self, deployment: Deployment, partition: int) -> list[Recorded[Data]]:
        """What a partition of the log has, and this release can read. A hole is an error."""
        read = deployment.log.read(partition, 0, ALL)
        return [event for event in read if isinstance(event, Recorded)]

    def start(self, does: Callable[..., object], *words: object) -> Started:
        """A process of the deployment, which ends with it."""
        process = Started(does, words, self.front.environment, self.folder / "said")
        self.started.append(process)
        return process

    def server(self) -> Path:
        """A PostgreSQL that is not the deployment's own; the home of it."""
        (self.folder / "server").mkdir()
        home = copied(self.made, self.folder / "server")
        server = embedded.start(home, linger_s=1)
        self.held.callback(server.close)
        self.url = server.url()
        return home

    def begin(self, writers: int = 0) -> None:
        """The deployment under load, for a while."""
        self.run(writers)
        time.sleep(self.lengths.before)

    def run(self, writers: int = 0) -> float:
        """`up`, and writers on it; again, they go on where their notes end.

        Seconds until the views have what is stored; then each projector holds some partitions.
        """
        began, before = time.monotonic(), self.said()
        self.up = self.start(up, PROJECTORS)
        for n in range(writers or self.lengths.writers):
            self.write(f"w{n}")
        until(lambda: self.said() > before + 50)
        self.caught_up()
        took = time.monotonic() - began
        with self.opened() as deployment:
            assert len(deployment.log.heads()) > 4
            until(lambda: shared(deployment, GROUPS))
        return took

    def say(self, name: str, batch: dict[str, dict], *, wait_log: bool = False) -> None:
        """This process says it, and notes that it was acknowledged."""
        with (
            closing(Notes(self.folder / f"said-{name}")) as notes,
            self.opened() as deployment,
            closing(Writer(deployment, self.folder / "clock")) as door,
        ):
            door.publish(batch, notes)
            assert not wait_log or deployment.wait_for_log()

    def write(self, name: str) -> None:
        self.writers.append(self.start(writer.main, *self.writing(name)))

    def writing(self, name: str) -> list[object]:
        return [name, self.seed, self.customers, self.folder]

    def member(self, kind: str) -> int:
        """The process id of a `project`, or a `relay`, that `up` runs."""
        assert self.up
        until(lambda: kind in children(self.up.pid).values())
        return self.dice.choice(
            [pid for pid, last in sorted(children(self.up.pid).items()) if last == kind]
        )

    def said(self, word: bytes = b"\n") -> int:
        """How many times something was acknowledged, or with a certain word in the note."""
        return sum(file.read_bytes().count(word) for file in self.folder.glob("said-*"))

    def caught_up(self) -> float:
        """Waits until the views have what is stored by now; seconds since it was called."""
        began = time.monotonic()
        goal: dict[int, int] = {}
        while True:
            assert time.monotonic() - began < PATIENCE_S, "the views do not catch up"
            with suppress(*AWAY), self.opened() as deployment:
                goal = goal or dict(enumerate(deployment.feed.heads().numbers))
                until(lambda: not deployment.progress.behind(GROUPS, goal), PATIENCE_S)  # noqa: B023
                return time.monotonic() - began
            time.sleep(0.05)

    def taken_over(self, sleeper: Started) -> None:
        """Waits until a doomed process sleeps, and others have its work."""
        until(lambda: state(sleeper.pid) == "T")
        self.caught_up()

    def settle(self) -> None:
        """No more is written, and the views have it all."""
        (self.folder / "stop").touch()
        for process in self.writers:
            assert process.wait(PATIENCE_S) in (0, -signal.SIGKILL)
        self.caught_up()

    def end(self) -> None:
        for process in self.started:
            process.send_signal(signal.SIGCONT)
            process.terminate()
        for process in self.started:
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self.held.close()
