"""The adapters of a deployment, each made when it is first used."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Collection, Sequence
from contextlib import AbstractContextManager, ExitStack, suppress
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, cast

import structlog
from psycopg_pool import ConnectionPool

from consumers.doors.books import StoredBooks
from consumers.doors.commands import Commands
from consumers.doors.free_text_reader import FreeTextReader
from consumers.doors.gate import Gate
from consumers.doors.held_reports import HeldReports
from consumers.doors.inbox import Inbox
from consumers.emitters.timers import Timers
from consumers.movers.inbox import InboxMember, InboxReceiver
from consumers.movers.log_copy import LogCopy
from consumers.movers.projector import Projector, last_page
from consumers.movers.relay import GROUP, Relay, check_copy
from consumers.ports.log import Log, LogAhead, StoreBehind
from consumers.ports.views import GroupLag
from consumers.questions.lag import PartitionLag, group_lags
from domain.values import Purpose
from infra.interpreters import load_interpreter
from infra.kafka.errors import KafkaUnreachable
from infra.keys import Secrets
from infra.postgres.keys.owners import PostgresOwners
from infra.postgres.server import database
from infra.postgres.store.envelopes import PostgresEnvelopes
from infra.postgres.store.feed import LogFeed
from infra.postgres.store.held import PostgresHeldReports
from infra.postgres.store.issued_prices import PostgresIssuedPrices
from infra.postgres.store.leases import PostgresSubscription
from infra.postgres.store.log import PostgresLog
from infra.postgres.store.quarantine import PostgresQuarantine
from infra.postgres.store.restore import PostgresRestore
from infra.postgres.store.store import PostgresStore
from infra.postgres.views.builds import PostgresBuild, building
from infra.postgres.views.progress import ViewProgress
from infra.postgres.views.views import PostgresViews
from infra.settings import Settings
from projections import discover
from projections.due import DueRow
from projections.view import AnyProjection

if TYPE_CHECKING:
    from infra.kafka.cluster import Cluster
    from infra.kafka.offsets import OffsetPublisher
    from infra.kafka.writer import KafkaLogWriter


class Wiring:
    """Factories of a deployment's adapters and use cases; `resources` closes what they open.

    A query waits up to `patience_s` seconds for a connection of its pool.
    """

    def __init__(
        self,
        settings: Settings,
        secrets: Secrets,
        url: str,
        resources: ExitStack,
        patience_s: float,
    ) -> None:
        self.settings, self.secrets, self.url = settings, secrets, url
        self._resources, self._patience_s = resources, patience_s
        self._owners: dict[ConnectionPool, PostgresOwners] = {}
        self._gates: dict[frozenset[Purpose], Gate] = {}

    def pool(self, role: str) -> ConnectionPool:
        """A new pool of connections that log in as a role of the database."""
        pool = database.connection_pool(self.url, role, self.secrets, patience_s=self._patience_s)
        return self._resources.enter_context(pool)

    @cached_property
    def door_pool(self) -> ConnectionPool:
        return self.pool("door")

    @cached_property
    def projector_pool(self) -> ConnectionPool:
        return self.pool("projector")

    @cached_property
    def reader_pool(self) -> ConnectionPool:
        return self.pool("reader")

    def owners(self, pool: ConnectionPool) -> PostgresOwners:
        """The owners as read through a pool: one object a pool, since it caches unwrapped keys."""
        if pool not in self._owners:
            self._owners[pool] = PostgresOwners(pool, self.secrets, self.settings.partitions)
        return self._owners[pool]

    @cached_property
    def store(self) -> PostgresStore:
        self.compare()
        store = PostgresStore(self.door_pool, self.owners(self.door_pool))
        self._resources.callback(store.close)
        return store

    def gate(self, basis: Collection[Purpose]) -> Gate:
        """The gate that records a basis as consent: one a basis, since it caches consents."""
        purposes = frozenset(basis)
        if purposes not in self._gates:
            owners = self.owners(self.door_pool)
            self._gates[purposes] = Gate(self.store, owners, self.held_reports, purposes)
        return self._gates[purposes]

    @cached_property
    def commands(self) -> Commands:
        settings = self.settings
        interpreting = FreeTextReader(load_interpreter(settings.interpreter), settings.sure_from)
        owners = self.owners(self.door_pool)
        return Commands(self.store, owners, self.held_reports, interpreting, self.books)

    @cached_property
    def books(self) -> StoredBooks:
        return StoredBooks(self.store)

    @cached_property
    def issued_prices(self) -> PostgresIssuedPrices:
        return PostgresIssuedPrices(self.reader_pool)

    @cached_property
    def envelopes(self) -> PostgresEnvelopes:
        """The store as the relay copies it, for the heads of its partitions."""
        return PostgresEnvelopes(self.reader_pool)

    @cached_property
    def held_reports(self) -> HeldReports:
        return HeldReports(self.store, self.owners(self.door_pool), self.held_report_store)

    @cached_property
    def held_report_store(self) -> PostgresHeldReports:
        return PostgresHeldReports(self.door_pool, self.owners(self.door_pool))

    @cached_property
    def inbox_receiver(self) -> InboxReceiver:
        """The door for messages as they stand in Kafka."""
        from infra.kafka.cloudevents import inbox_message

        door = Inbox(self.gate, self.commands)
        return InboxReceiver(inbox_message, door, lambda: datetime.now(UTC), database.is_outage)

    @cached_property
    def quarantine(self) -> PostgresQuarantine:
        return PostgresQuarantine(self.door_pool, self.owners(self.door_pool))

    def timers(self) -> Timers:
        def due(by: datetime) -> list[DueRow]:
            return cast(list[DueRow], self.views.due(discover()["due"], by))

        return Timers(due, self.commands, self.store, lambda: datetime.now(UTC))

    @cached_property
    def log(self) -> Log:
        return self._log(self.reader_pool)

    @cached_property
    def feed(self) -> LogFeed:
        return LogFeed(self.reader_pool)

    @cached_property
    def progress(self) -> ViewProgress:
        return ViewProgress(self.reader_pool)

    @cached_property
    def views(self) -> PostgresViews:
        return PostgresViews(self.reader_pool, self.owners(self.reader_pool).keys)

    @cached_property
    def writable_views(self) -> PostgresViews:
        """The views with the right to change their rows."""
        return PostgresViews(self.projector_pool, self.owners(self.projector_pool).keys)

    def builds(
        self, projections: Collection[AnyProjection], waits: Callable[[str], None]
    ) -> AbstractContextManager[list[PostgresBuild]]:
        """New tables for a rebuild of the views; `waits` is called with each reason for waiting."""
        keys = self.owners(self.projector_pool).keys
        return building(self.projector_pool, projections, keys, waits)

    def projectors(self) -> list[Projector]:
        """A member of every view's group, in this process.

        Raises StoreBehind where the log has events that the store lacks: their keys are missing.
        """
        self.compare()
        if PostgresEnvelopes(self.projector_pool).refuses_appends():
            raise StoreBehind
        log, views, member = self._projector_log, self.writable_views, self._member
        read = last_page(log.read)
        copy = self.log_copy if self.settings.kafka else None
        return [Projector(p, log, views, member, read=read, copy=copy) for p in discover().values()]

    def offsets(self, projectors: Sequence[Projector]) -> OffsetPublisher | None:
        """The committer of the projectors' positions to Kafka; None where Kafka is not the log."""
        if not self.settings.kafka:
            return None
        from infra.kafka.log import KafkaLog
        from infra.kafka.offsets import OffsetPublisher

        assert isinstance(self._projector_log, KafkaLog)
        return OffsetPublisher(self._cluster, self._projector_log, projectors)

    def relay(self) -> Relay:
        """A member of the group that copies the store to Kafka."""
        from infra.kafka.writer import KafkaLogWriter

        writer = KafkaLogWriter(self._cluster)
        self._resources.callback(writer.close)
        pool = self.projector_pool
        members = PostgresSubscription(pool, GROUP, self._member, self._session)
        return Relay(PostgresEnvelopes(pool), writer, members)

    def inbox_member(self) -> InboxMember:
        """A member of the group that reads the inbox, the topic that publishers write to."""
        from infra.kafka.inbox import KafkaInbox

        topic = KafkaInbox(self._cluster, self.settings.session_s)
        self._resources.callback(topic.close)
        return InboxMember(topic, self.inbox_receiver, self.quarantine)

    def inbox_lags(self) -> list[GroupLag]:
        from infra.kafka.inbox import inbox_lags

        return inbox_lags(self._cluster)

    def group_lags(self) -> list[PartitionLag]:
        """Return how far each group is behind, with Kafka the relay's and the inbox's too."""
        if not self.settings.kafka:
            return group_lags(self.views, self.progress, None, ())
        return group_lags(self.views, self.progress, self.log, self.inbox_lags())

    @cached_property
    def log_writer(self) -> KafkaLogWriter:
        """The log in Kafka record by record, with chains and sealed envelopes."""
        from infra.kafka.writer import KafkaLogWriter

        writer = KafkaLogWriter(self._cluster)
        self._resources.callback(writer.close)
        return writer

    @cached_property
    def log_copy(self) -> LogCopy:
        """The log in Kafka, as a copy that may be incomplete; its readers' waits are logged."""
        store = PostgresEnvelopes(self.projector_pool)
        return LogCopy(store, self.log_writer, structlog.get_logger().warning)

    def compare(self) -> None:
        """Refuse appends from now on if the log has more events than the store.

        A running relay has compared already, and while Kafka is silent nothing can be compared.
        Raises LogDiffers where log and store have different events under one number.
        """
        if self.settings.kafka and not self.progress.members([GROUP]):
            store = PostgresEnvelopes(self.projector_pool)
            with suppress(LogAhead, KafkaUnreachable):
                check_copy(store, self.log_writer, store.heads())

    def restorable_store(self) -> PostgresRestore:
        """The store with the rights of the database's administrator, for a restore."""
        pool = ConnectionPool(
            self.url, min_size=0, max_size=3, open=True, kwargs={"autocommit": True}
        )
        return PostgresRestore(self._resources.enter_context(pool), self.secrets)

    @cached_property
    def _projector_log(self) -> Log:
        return self._log(self.projector_pool)

    def _log(self, pool: ConnectionPool) -> Log:
        keys = self.owners(pool).keys
        if not self.settings.kafka:
            return PostgresLog(pool, keys, self._session)
        from infra.kafka.log import KafkaLog

        log = KafkaLog(self._cluster, pool, keys, self._session)
        self._resources.callback(log.close)
        return log

    @cached_property
    def _cluster(self) -> Cluster:
        from infra.kafka.access import Access
        from infra.kafka.cluster import Cluster, provision

        settings = self.settings
        assert settings.kafka
        access = Access(
            protocol=settings.kafka_security,
            mechanism=settings.kafka_mechanism,
            user=settings.kafka_user,
            password=settings.kafka_password,
            password_file=settings.kafka_password_file,
            ca_file=settings.kafka_ca_file,
            certificate_file=settings.kafka_certificate_file,
            key_file=settings.kafka_key_file,
        )
        cluster = Cluster(settings.kafka, settings.partitions, settings.kafka_topics, access)
        provision(cluster)
        return cluster

    @property
    def _session(self) -> timedelta:
        return timedelta(seconds=self.settings.session_s)

    @property
    def _member(self) -> str:
        """The name of this process in consumer groups."""
        return f"{socket.gethostname()}-{os.getpid()}"
