"""The one place that wires adapters to ports."""

from __future__ import annotations

import gc
import os
import socket
import time
from collections.abc import Callable, Collection, Sequence
from contextlib import AbstractContextManager, ExitStack, suppress
from datetime import UTC, datetime, timedelta
from functools import cached_property
from itertools import chain
from types import TracebackType
from typing import TYPE_CHECKING, Any, cast

import psycopg
import typer
from psycopg_pool import ConnectionPool

from consumers.doors.books import StoredBooks
from consumers.doors.commands import Commands
from consumers.doors.gate import Gate
from consumers.doors.holding import Holding
from consumers.doors.inbox import Intake
from consumers.doors.interpreting import Interpreting
from consumers.emitters.timers import Timers
from consumers.movers.inbox import Intaking, Taker
from consumers.movers.projector import Projector, last_page, step
from consumers.movers.relay import GROUP, Relay, compare
from consumers.ports.log import Log, LogAhead, StoreBehind
from domain.subject import CUSTOMER, without_kind
from domain.values import Purpose
from infra.interpreters import interpreter
from infra.kafka.errors import KafkaSilent
from infra.keys import Secrets
from infra.postgres.keys.owners import PostgresOwners
from infra.postgres.server import database, embedded
from infra.postgres.store.envelopes import PostgresEnvelopes
from infra.postgres.store.feed import Feed
from infra.postgres.store.held import PostgresHeld
from infra.postgres.store.log import PostgresLog, PostgresSubscription
from infra.postgres.store.quarantine import PostgresQuarantine
from infra.postgres.store.restore import PostgresRestore
from infra.postgres.store.store import PostgresStore
from infra.postgres.views.builds import PostgresBuild, building
from infra.postgres.views.progress import Lag, ViewProgress
from infra.postgres.views.views import PostgresViews
from infra.settings import Settings
from projections import discover, figures
from projections.due import DueRow
from projections.view import AnyProjection

if TYPE_CHECKING:
    from infra.kafka.cluster import Cluster
    from infra.kafka.offsets import Offsets
    from infra.kafka.writer import KafkaLogWriter


class App:
    """A deployment, opened: each part is made when it is first asked for.

    Whoever asks the database waits for a connection for up to `patience_s`.
    """

    def __init__(self, settings: Settings, patience_s: float = 30.0) -> None:
        # A batch makes thousands of objects and no cycles, and lets go of all of them: looking for
        # garbage as often as by default takes a tenth of a door's time.
        gc.freeze()
        gc.set_threshold(50_000)
        self.settings, self._patience_s = settings, patience_s
        self._owners: dict[ConnectionPool, PostgresOwners] = {}
        self._gates: dict[frozenset[Purpose], Gate] = {}
        self._open = ExitStack()
        self.secrets = Secrets.load(settings.home)
        url = settings.database_url
        if url is None:
            server = embedded.start(settings.home, linger_s=settings.linger_s)
            self._open.callback(server.close)
            url = server.url()
        self._url = database.migrate(url, self.secrets, settings.partitions)
        for projection in discover().values():
            self.amending.prepare(projection)

    def __enter__(self) -> App:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._open.close()

    def reachable(self) -> bool:
        """Whether the server still is where it was."""
        with suppress(psycopg.OperationalError):
            psycopg.connect(self._url, connect_timeout=2).close()
            return True
        return False

    def pool(self, role: str) -> ConnectionPool:
        made = database.pool(self._url, role, self.secrets, patience_s=self._patience_s)
        return self._open.enter_context(made)

    @cached_property
    def _door(self) -> ConnectionPool:
        return self.pool("door")

    @cached_property
    def _projecting(self) -> ConnectionPool:
        return self.pool("projector")

    @cached_property
    def _reading(self) -> ConnectionPool:
        return self.pool("reader")

    def owners(self, pool: ConnectionPool) -> PostgresOwners:
        """One for each pool: whoever asks through it shares the keys that were unwrapped."""
        if pool not in self._owners:
            self._owners[pool] = PostgresOwners(pool, self.secrets, self.settings.partitions)
        return self._owners[pool]

    @cached_property
    def store(self) -> PostgresStore:
        self.compare()
        made = PostgresStore(self._door, self.owners(self._door))
        self._open.callback(made.close)
        return made

    def gate(self, basis: Collection[Purpose]) -> Gate:
        """One for each basis, since it remembers of whom that is recorded."""
        purposes = frozenset(basis)
        if purposes not in self._gates:
            made = Gate(self.store, self.owners(self._door), self.holding, purposes)
            self._gates[purposes] = made
        return self._gates[purposes]

    @cached_property
    def taker(self) -> Taker:
        """What takes in messages as they stand in Kafka."""
        from infra.kafka.cloudevents import message

        door = Intake(self.gate, self.commands)
        return Taker(message, door, lambda: datetime.now(UTC), database.passes)

    @cached_property
    def quarantine(self) -> PostgresQuarantine:
        return PostgresQuarantine(self._door, self.owners(self._door))

    @cached_property
    def books(self) -> StoredBooks:
        return StoredBooks(self.store)

    @cached_property
    def holding(self) -> Holding:
        return Holding(self.store, self.owners(self._door), self.held)

    @cached_property
    def held(self) -> PostgresHeld:
        return PostgresHeld(self._door, self.owners(self._door))

    @cached_property
    def log(self) -> Log:
        return self._log(self._reading)

    @cached_property
    def _projected(self) -> Log:
        return self._log(self._projecting)

    @cached_property
    def views(self) -> PostgresViews:
        return PostgresViews(self._reading, self.owners(self._reading).keys)

    def figures(self, view: str) -> Any | None:
        """The figures of a view as it is now, over all its rows; None where it has none.

        Nor has it any while another version of it is shown than this release's.
        """
        figured, live = figures.of(view), self.views.live()
        if figured is None or any(live[v] != discover()[v].group for v in figured.reads):
            return None
        rows = chain.from_iterable(self.views.stream(discover()[v]) for v in figured.reads)
        books = [self.books] if figured.by_books else []
        return figured.figures(rows, datetime.now(UTC), *books)

    @cached_property
    def amending(self) -> PostgresViews:
        """Views for who may change their rows."""
        return PostgresViews(self._projecting, self.owners(self._projecting).keys)

    def building(
        self, projections: Collection[AnyProjection], waits: Callable[[str], None]
    ) -> AbstractContextManager[list[PostgresBuild]]:
        keys = self.owners(self._projecting).keys
        return building(self._projecting, projections, keys, waits)

    @cached_property
    def progress(self) -> ViewProgress:
        return ViewProgress(self._reading)

    @cached_property
    def feed(self) -> Feed:
        return Feed(self._reading)

    def key(self, said: str) -> str:
        """A key as the views have it: a customer may be said as `namespace:id`."""
        name = without_kind(said, CUSTOMER)
        found = self.owners(self._reading).find([name]) if ":" in name else {}
        return said.removesuffix(name) + found.get(name, name)

    @cached_property
    def _cluster(self) -> Cluster:
        from infra.kafka.access import Access
        from infra.kafka.cluster import Cluster, provision

        told = self.settings
        assert told.kafka
        access = Access(
            protocol=told.kafka_security,
            mechanism=told.kafka_mechanism,
            user=told.kafka_user,
            password=told.kafka_password,
            password_file=told.kafka_password_file,
            ca_file=told.kafka_ca_file,
            certificate_file=told.kafka_certificate_file,
            key_file=told.kafka_key_file,
        )
        cluster = Cluster(told.kafka, told.partitions, told.kafka_topics, access)
        provision(cluster)
        return cluster

    @property
    def _session(self) -> timedelta:
        return timedelta(seconds=self.settings.session_s)

    @property
    def _member(self) -> str:
        return f"{socket.gethostname()}-{os.getpid()}"

    def _log(self, pool: ConnectionPool) -> Log:
        keys = self.owners(pool).keys
        if not self.settings.kafka:
            return PostgresLog(pool, keys, self._session)
        from infra.kafka.log import KafkaLog

        log = KafkaLog(self._cluster, pool, keys, self._session)
        self._open.callback(log.close)
        return log

    @cached_property
    def carrier(self) -> KafkaLogWriter:
        """The log as it is carried, record by record."""
        from infra.kafka.writer import KafkaLogWriter

        made = KafkaLogWriter(self._cluster)
        self._open.callback(made.close)
        return made

    def compare(self) -> None:
        """Looks whether the log has more than the store; then appends are refused from now on.

        While a relay lives, it has looked. While Kafka is silent nobody can tell. Raises
        LogDiffers for a log that is another store's.
        """
        if self.settings.kafka and not self.progress.members([GROUP]):
            store = PostgresEnvelopes(self._projecting)
            with suppress(LogAhead, KafkaSilent):
                compare(store, self.carrier, store.heads())

    def restoring(self) -> PostgresRestore:
        """The store, as its administrator fills it."""
        pool = ConnectionPool(
            self._url, min_size=0, max_size=3, open=True, kwargs={"autocommit": True}
        )
        return PostgresRestore(self._open.enter_context(pool), self.secrets)

    def relay(self) -> Relay:
        """A member of the group that copies the store to Kafka."""
        from infra.kafka.writer import KafkaLogWriter

        writer = KafkaLogWriter(self._cluster)
        self._open.callback(writer.close)
        pool = self._projecting
        members = PostgresSubscription(pool, GROUP, self._member, self._session)
        return Relay(PostgresEnvelopes(pool), writer, members)

    def intake(self) -> Intaking:
        """A member of the group that takes in what others send to Kafka."""
        from infra.kafka.inbox import KafkaInbox

        topic = KafkaInbox(self._cluster, self.settings.session_s)
        self._open.callback(topic.close)
        return Intaking(topic, self.taker, self.quarantine)

    def intake_lags(self) -> list[Lag]:
        from infra.kafka.inbox import lags

        return lags(self._cluster)

    @cached_property
    def commands(self) -> Commands:
        interpreting = Interpreting(interpreter(self.settings.interpreter), self.settings.sure_from)
        return Commands(self.store, self.owners(self._door), self.holding, interpreting, self.books)

    def timers(self) -> Timers:
        def due(by: datetime) -> list[DueRow]:
            return cast(list[DueRow], self.views.due(discover()["due"], by))

        return Timers(due, self.commands, self.store, lambda: datetime.now(UTC))

    def projectors(self) -> list[Projector]:
        """A member of every view's group, in this process.

        Raises StoreBehind where the log has more than the store: the keys of that are missing.
        """
        self.compare()
        if PostgresEnvelopes(self._projecting).closed():
            raise StoreBehind
        log = self._projected
        read, member = last_page(log.read), self._member
        return [Projector(p, log, self.amending, member, read=read) for p in discover().values()]

    def offsets(self, projectors: Sequence[Projector]) -> Offsets | None:
        """What tells Kafka how far projectors are, where it is the log."""
        if not self.settings.kafka:
            return None
        from infra.kafka.log import KafkaLog
        from infra.kafka.offsets import Offsets

        assert isinstance(self._projected, KafkaLog)
        return Offsets(self._cluster, self._projected, projectors)

    def drain(self, patience_s: float = 10.0) -> bool:
        """Brings the views up to where the store is now; False if others at it take too long.

        While other members live, `up` or another command, they do it: this only waits.
        """
        # A version that is not shown yet waits for its rebuild.
        live = self.views.live().values()
        groups = [p.group for p in discover().values() if p.group in live]
        goal = PostgresEnvelopes(self._reading).heads()
        deadline = time.monotonic() + patience_s
        while self.progress.behind(groups, goal):
            try:
                alone = self._relay_alone() | self._project_alone(groups)
            except KafkaSilent as error:
                typer.echo(f"What was said is stored; the views wait: {error}", err=True)
                return False
            if not alone:
                if time.monotonic() > deadline:
                    return False
                time.sleep(0.02)
        return True

    def in_log(self, patience_s: float = 10.0) -> bool:
        """Waits until the log has what the store has now; False if that takes too long."""
        goal = PostgresEnvelopes(self._reading).heads()
        deadline = time.monotonic() + patience_s
        while any(self.progress.relayed().get(p, 0) < last for p, last in goal.items()):
            if time.monotonic() > deadline:
                return False
            time.sleep(0.02)
        return True

    def _relay_alone(self) -> bool:
        """Brings the log up to the store, where it is not the store and nobody else does it."""
        if not self.settings.kafka or self.progress.members([GROUP]):
            return False
        relay = self.relay()
        try:
            relay.drain()
        finally:
            relay.close()
        return True

    def _project_alone(self, groups: Collection[str]) -> bool:
        """Brings the views up to the log, where nobody else does it."""
        if self.progress.members(groups):
            return False
        projectors = self.projectors()
        try:
            while step(projectors):
                pass
        finally:
            for projector in projectors:
                projector.close()
        return True
