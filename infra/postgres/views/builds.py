"""The rebuild of a view: a new table is filled beside the live one, compared, and takes over.

See docs/adr/0006-rebuild.md.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Set
from contextlib import contextmanager

import psycopg
from psycopg import sql
from psycopg_pool import ConnectionPool
from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_delay, wait_fixed

from consumers.ports.views import OwnedRow, RowDifference
from domain.errors import Refusal
from infra.postgres.server.locks import MAINTENANCE, MaintenanceRunning
from infra.postgres.views import tables
from infra.postgres.views.comparison import differing_keys
from infra.postgres.views.rows import OwnerKeys, copy_rows, delete_rows, encode_rows, load_rows
from infra.postgres.views.tables import identifier
from projections.view import AnyProjection, Row

Follow = Callable[[Mapping[int, int]], None]
"""Folds the log into the new table, up to a number in each partition."""

_MAINTENANCE_WAIT = "5s"
_LEASE_WAIT, _TABLE_WAIT = "500ms", "200ms"
"""Time to wait for locks of the switch; short, because others would wait behind it."""

_PAUSE_S = 1.0
_LISTED_KEYS = 20


class ViewBusy(Refusal):
    """A transaction of another process holds the view, and the switch has given up."""

    code = "view-busy"


class PostgresBuild:
    """The port `Build`, on a connection that nobody else uses.

    `patience_s` is how long the switch is tried again; `waits` is called before each pause with
    a sentence that says what is in the way.
    """

    def __init__(
        self,
        db: psycopg.Connection,
        projection: AnyProjection,
        keys: OwnerKeys,
        patience_s: float = 600.0,
        waits: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.projection, self.positions = projection, dict[int, int]()
        self._db, self._keys, self._patience_s, self._waits = db, keys, patience_s, waits
        self._table = f"{projection.group}_rebuild"
        self._has_indexes = False
        row = db.execute(
            "SELECT consumer_group, build FROM projection.live WHERE view = %s", [projection.name]
        ).fetchone()
        assert row
        self._live_group, self._build_number = row
        self.discard()
        tables.create_table(db, projection, self._table)

    @property
    def same_version(self) -> bool:
        return bool(self._live_group == self.projection.group)

    def discard(self) -> None:
        """Drop the new table, also one that a killed rebuild has left."""
        self._db.execute(sql.SQL("DROP TABLE IF EXISTS {}").format(identifier(self._table)))

    def goal(self) -> Mapping[int, int]:
        rows = self._db.execute(
            "SELECT partition, number FROM projection.checkpoint WHERE consumer_group = %s",
            [self._live_group],
        )
        return dict(rows.fetchall())

    def load(self, partition: int, keys: Set[str]) -> Mapping[str, OwnedRow]:
        if not self.positions.get(partition):
            return {}
        self._create_indexes()
        return load_rows(self._db, self.projection, self._table, partition, keys, self._keys)

    def write(self, partition: int, rows: Mapping[str, tuple[str, Row | None]], upto: int) -> None:
        encoded = encode_rows(self.projection, partition, rows, self._keys)
        with self._db.transaction(), self._db.cursor() as cursor:
            if rows and self.positions.get(partition):
                self._create_indexes()
                delete_rows(cursor, self._table, partition, rows.keys())
            copy_rows(cursor, self.projection, self._table, encoded)
        self.positions[partition] = upto

    def compare(self, follow: Follow) -> RowDifference:
        self._create_indexes()
        with self._db.transaction():
            # The live rows stand still for this transaction, and no projector waits for it.
            self._db.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            follow(self.goal())
            [(before, after)] = self._db.execute(
                sql.SQL("SELECT (SELECT count(*) FROM {}), (SELECT count(*) FROM {})").format(
                    identifier(self._live_group), identifier(self._table)
                )
            ).fetchall()
            count, first = 0, list[str]()
            for key in differing_keys(
                self._db, self.projection, self._live_group, self._table, self._keys
            ):
                count += 1
                if count <= _LISTED_KEYS:
                    first.append(key)
        self._db.execute(sql.SQL("ANALYZE {}").format(identifier(self._table)))
        return RowDifference(before, after, count, first)

    def switch(self, follow: Follow) -> None:
        """Replace the live table. Raises ViewBusy where it is locked for `patience_s` seconds."""
        for attempt in Retrying(
            retry=retry_if_exception_type(psycopg.errors.LockNotAvailable),
            wait=wait_fixed(_PAUSE_S),
            stop=stop_after_delay(self._patience_s),
            before_sleep=lambda _: self._waits(self._obstacle()),
            retry_error_callback=self._give_up,
        ):
            with attempt:
                positions = dict(self.positions)
                try:
                    self._switch(follow)
                except BaseException:
                    self.positions = positions
                    raise

    def _switch(self, follow: Follow) -> None:
        group = self.projection.group
        groups = [self._live_group, group]
        with self._db.transaction():
            self._set_lock_timeout(_LEASE_WAIT)
            self._db.execute(
                "UPDATE consumer.lease SET epoch = epoch + 1, member = NULL "
                "WHERE consumer_group = ANY(%s)",
                [groups],
            )
            follow(self.goal())
            self._set_lock_timeout(_TABLE_WAIT)
            self._db.execute(
                sql.SQL("DROP VIEW {}; DROP TABLE {}; ALTER TABLE {} RENAME TO {}").format(
                    sql.Identifier("view", self.projection.name),
                    identifier(self._live_group),
                    identifier(self._table),
                    sql.Identifier(group),
                )
            )
            tables.publish(self._db, self.projection, self._build_number + 1)
            for table in ("checkpoint", "parked"):
                delete = sql.SQL("DELETE FROM {} WHERE consumer_group = ANY(%s)")
                self._db.execute(delete.format(identifier(table)), [groups])
            self._db.cursor().executemany(
                "INSERT INTO projection.checkpoint VALUES (%s, %s, %s)",
                [(group, partition, number) for partition, number in self.positions.items()],
            )

    def _set_lock_timeout(self, time: str) -> None:
        self._db.execute("SELECT set_config('lock_timeout', %s, true)", [time])

    def _obstacle(self) -> str:
        """A sentence that names the processes whose open transactions hold the view."""
        rows = self._db.execute(
            "SELECT DISTINCT a.pid, a.usename FROM pg_locks l JOIN pg_stat_activity a USING (pid) "
            "WHERE l.granted AND l.pid <> pg_backend_pid() AND l.relation = ANY(ARRAY["
            "format('view.%%I', %s::text), format('projection.%%I', %s::text)]::regclass[])",
            [self.projection.name, self._live_group],
        ).fetchall()
        holders = " and ".join(f"process {pid} ({user})" for pid, user in rows)
        return (
            f"{self.projection.name}: an open transaction of {holders or 'another process'} "
            "holds the view"
        )

    def _give_up(self, _: RetryCallState) -> None:
        raise ViewBusy(
            f"{self._obstacle()}, and nothing was switched: end it, and run the rebuild again"
        )

    def _create_indexes(self) -> None:
        """Indexes, from when rows are looked up in the table; until then they cost time only."""
        if not self._has_indexes:
            tables.create_indexes(self._db, self.projection, self._table)
            self._has_indexes = True


@contextmanager
def building(
    pool: ConnectionPool,
    projections: Collection[AnyProjection],
    keys: OwnerKeys,
    waits: Callable[[str], None] = lambda _: None,
    patience_s: float = 600.0,
) -> Iterator[list[PostgresBuild]]:
    """New tables for views, under the lock MAINTENANCE; those that did not take over are dropped.

    Raises MaintenanceRunning where another rebuild or a restore holds the lock.
    """
    with pool.connection() as db:
        # The server soon notices that a client was killed, and frees its locks.
        db.execute(
            f"SET lock_timeout = '{_MAINTENANCE_WAIT}'; SET client_connection_check_interval = '1s'"
        )
        builds: list[PostgresBuild] = []
        try:
            _lock_maintenance(db)
            for projection in projections:
                builds.append(PostgresBuild(db, projection, keys, patience_s, waits))
            yield builds
        finally:
            for build in builds:
                build.discard()
            db.execute("SELECT pg_advisory_unlock_all(); RESET ALL")


def _lock_maintenance(db: psycopg.Connection) -> None:
    try:
        db.execute("SELECT pg_advisory_lock(%s)", [MAINTENANCE])
    except psycopg.errors.LockNotAvailable:
        raise MaintenanceRunning from None
