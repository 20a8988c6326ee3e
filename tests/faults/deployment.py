"""A deployment under load: `ordermade up` with two projectors, and writers."""

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
from infra.postgres.server.folder import ServerUnavailable
from infra.settings import Settings
from projections import discover
from tests.broker import Broker
from tests.faults import writer
from tests.faults.processes import FunctionProcess, up
from tests.faults.writer import Notes, Writer
from tests.frontdoor import Front
from tests.homes import copy_home, make_home
from tests.members import are_shared
from tests.waiting import PATIENCE_S, until
from tests.within import Within

PARTITIONS, PROJECTORS = 5, 2
SESSION_S = 1.5
GROUPS = [view.group for view in discover().values()]
NO_LIMIT = 10**7  # events or rows
UNREACHABLE = (psycopg.Error, psycopg_pool.PoolTimeout, ServerUnavailable, KafkaUnreachable)


@dataclass(frozen=True)
class Lengths:
    """How long each fault lasts in seconds; how often some are repeated, and by how many writers.

    `before` is how long the deployment runs before the fault, and after it.
    """

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


def is_paused(pid: int) -> bool:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"


def children(pid: int) -> dict[int, str]:
    """The ids and names of the processes that a process has started and that run."""
    names = {}
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it just ended
            state, parent = (entry / "stat").read_text().rpartition(")")[2].split()[:2]
            if int(parent) == pid and state != "Z":
                names[int(entry.name)] = (entry / "comm").read_text().strip()
    return names


def make_template(folder: Path) -> Path:
    """Makes the home that is copied for each deployment."""
    return make_home(folder / "home", ("ORDERMADE_PARTITIONS", str(PARTITIONS)))


@dataclass
class DeploymentUnderLoad:
    """A deployment in `folder`, its home a copy of `template`.

    `kafka` is the address of the Kafka that is its log, or None for the store's own table;
    `broker` is that Kafka where the fault may break it. `url` names another PostgreSQL than the
    embedded one. `seed` decides what the writers publish and all random choices.
    """

    folder: Path
    template: Path
    kafka: str | None
    broker: Broker | None
    seed: str
    lengths: Lengths
    url: str | None = None
    customers: int = 30
    up: FunctionProcess | None = None
    processes: list[FunctionProcess] = field(default_factory=list)
    writers: list[FunctionProcess] = field(default_factory=list)
    open_resources: ExitStack = field(default_factory=ExitStack)

    @cached_property
    def dice(self) -> random.Random:
        return random.Random(self.seed)

    @cached_property
    def _options(self) -> dict[str, object]:
        options = {"partitions": PARTITIONS, "session_s": SESSION_S, "linger_s": 1}
        database = {"database_url": self.url} if self.url else {}
        topics = f"test-{uuid4().hex}"
        kafka = {"kafka": self.kafka, "kafka_topics": topics} if self.kafka else {}
        return options | database | kafka

    @cached_property
    def settings(self) -> Settings:
        return Settings(home=self.folder / "home", **self._options)

    @cached_property
    def front(self) -> Front:
        """Its command line."""
        more = tuple((f"ORDERMADE_{name.upper()}", str(v)) for name, v in self._options.items())
        return Within(self.folder / "home", more)

    @contextmanager
    def opened(self) -> Iterator[Deployment]:
        with Deployment(self.settings, 5.0) as deployment:
            yield deployment

    def events(self, deployment: Deployment, partition: int) -> list[Recorded[Data]]:
        """The events of a partition that this release can read. Raises where one is missing."""
        read = deployment.log.read(partition, 0, NO_LIMIT)
        return [event for event in read if isinstance(event, Recorded)]

    def start(self, function: Callable[..., object], *arguments: object) -> FunctionProcess:
        """Starts a process of the deployment, which ends with it at the latest."""
        process = FunctionProcess(
            function, arguments, self.front.environment, self.folder / "output"
        )
        self.processes.append(process)
        return process

    def start_server(self) -> Path:
        """Starts a PostgreSQL beside the deployment and uses it; returns the server's home."""
        (self.folder / "server").mkdir()
        home = copy_home(self.template, self.folder / "server")
        server = embedded.start(home, linger_s=1)
        self.open_resources.callback(server.close)
        self.url = server.url()
        return home

    def begin(self, writers: int = 0) -> None:
        """Starts the deployment and lets it run under load for a while."""
        self.run(writers)
        time.sleep(self.lengths.before)

    def run(self, writers: int = 0) -> float:
        """Starts `up` and the writers, which go on where their notes end.

        Returns the seconds until the views are level with the store, and then waits until each
        projector holds partitions.
        """
        began, before = time.monotonic(), self.acknowledged()
        self.up = self.start(up, PROJECTORS)
        for n in range(writers or self.lengths.writers):
            self.start_writer(f"w{n}")
        until(lambda: self.acknowledged() > before + 50)
        self.wait_for_views()
        took = time.monotonic() - began
        with self.opened() as deployment:
            assert len(deployment.log.heads()) > 4
            until(lambda: are_shared(deployment, GROUPS))
        return took

    def publish(self, name: str, batch: dict[str, dict], *, wait_log: bool = False) -> None:
        """Publishes messages from this process, with notes under that name."""
        with (
            closing(Notes(self.folder / f"notes-{name}")) as notes,
            self.opened() as deployment,
            closing(Writer(deployment, self.folder / "clock")) as publisher,
        ):
            publisher.publish(batch, notes)
            assert not wait_log or deployment.wait_for_log()

    def start_writer(self, name: str) -> None:
        self.writers.append(self.start(writer.main, *self.writer_arguments(name)))

    def writer_arguments(self, name: str) -> list[object]:
        return [name, self.seed, self.customers, self.folder]

    def member(self, command: str) -> int:
        """The process id of a `project`, or a `relay`, that `up` runs."""
        assert self.up
        until(lambda: command in children(self.up.pid).values())
        return self.dice.choice(
            [pid for pid, name in sorted(children(self.up.pid).items()) if name == command]
        )

    def acknowledged(self, text: bytes = b"\n") -> int:
        """The number of acknowledgements so far, or of those whose note has the text."""
        return sum(file.read_bytes().count(text) for file in self.folder.glob("notes-*"))

    def wait_for_views(self) -> float:
        """Waits until the views have all that is stored by now; returns the seconds it took."""
        began = time.monotonic()
        goal: dict[int, int] = {}
        while True:
            assert time.monotonic() - began < PATIENCE_S, "the views do not catch up"
            with suppress(*UNREACHABLE), self.opened() as deployment:
                goal = goal or dict(enumerate(deployment.feed.heads().numbers))
                until(lambda: not deployment.progress.behind(GROUPS, goal), PATIENCE_S)  # noqa: B023
                return time.monotonic() - began
            time.sleep(0.05)

    def wait_for_takeover(self, paused: FunctionProcess) -> None:
        """Waits until a process has paused itself and others have done its work."""
        until(lambda: is_paused(paused.pid))
        self.wait_for_views()

    def stop_writers(self) -> None:
        """Ends the writers, and waits until the views have all that they published."""
        (self.folder / "stop").touch()
        for process in self.writers:
            assert process.wait(PATIENCE_S) in (0, -signal.SIGKILL)
        self.wait_for_views()

    def end(self) -> None:
        for process in self.processes:
            process.send_signal(signal.SIGCONT)
            process.terminate()
        for process in self.processes:
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self.open_resources.close()
