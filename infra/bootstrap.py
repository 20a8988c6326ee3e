"""The one place that wires adapters to ports."""

from __future__ import annotations

import os
import socket
from collections.abc import Collection
from contextlib import ExitStack
from datetime import timedelta
from functools import cached_property
from types import TracebackType

from psycopg_pool import ConnectionPool

from consumers.doors.gate import Gate
from consumers.movers.projector import Projector
from domain.customer.consent import Purpose
from infra.keys import Secrets
from infra.postgres import database, embedded
from infra.postgres.log import PostgresLog
from infra.postgres.owners import PostgresOwners
from infra.postgres.store import PostgresStore
from infra.postgres.views import PostgresViews
from infra.settings import Settings
from projections import discover


class App:
    """A deployment, opened: each part is made when it is first asked for."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._open = ExitStack()
        self.secrets = Secrets.load(settings.home)
        url = settings.database_url
        if url is None:
            server = embedded.start(settings.home, linger_s=settings.linger_s)
            self._open.callback(server.close)
            url = server.url()
        self._url = database.migrate(url, self.secrets, settings.partitions)

    def __enter__(self) -> App:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._open.close()

    def pool(self, role: str) -> ConnectionPool:
        return self._open.enter_context(database.pool(self._url, role, self.secrets))

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
        return PostgresOwners(pool, self.secrets, self.settings.partitions)

    @cached_property
    def store(self) -> PostgresStore:
        made = PostgresStore(self._door, self.owners(self._door))
        self._open.callback(made.close)
        return made

    def gate(self, basis: Collection[Purpose]) -> Gate:
        return Gate(self.store, self.owners(self._door), basis)

    @cached_property
    def log(self) -> PostgresLog:
        return self._log(self._reading)

    @cached_property
    def views(self) -> PostgresViews:
        return PostgresViews(self._reading, self.owners(self._reading).keys)

    def _log(self, pool: ConnectionPool) -> PostgresLog:
        session = timedelta(seconds=self.settings.session_s)
        return PostgresLog(pool, self.owners(pool).key_of, session)

    def projectors(self) -> list[Projector]:
        """A member of every view's group, in this process."""
        pool = self._projecting
        member = f"{socket.gethostname()}-{os.getpid()}"
        views = PostgresViews(pool, self.owners(pool).keys)
        log = self._log(pool)
        return [Projector(p, log, views, member) for p in discover().values()]

    def drain(self) -> int:
        """Brings every view up to the log, as far as nobody else is at it."""
        projectors = self.projectors()
        try:
            return sum(p.drain() for p in projectors)
        finally:
            for projector in projectors:
                projector.close()
