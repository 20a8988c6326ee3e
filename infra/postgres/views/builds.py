"""A view's table made again beside the one that is shown, and the switch from one to the other."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence, Set
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg import sql
from psycopg_pool import ConnectionPool
from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_delay, wait_fixed

from consumers.movers.rebuild import RowDifference
from domain.errors import Refusal
from infra.postgres.server.locks import MAINTENANCE, MaintenanceRunning
from infra.postgres.views import tables
from infra.postgres.views.columns import Column, columns
from infra.postgres.views.tables import Keys, identifier
from projections.view import AnyProjection, Row

Follow = Callable[[Mapping[int, int]], None]

_ALONE, _FENCE, _DDL = "5s", "500ms", "200ms"
"""How long to wait for a lock. Longer for the last two, and others would wait behind us."""
_PAUSE_S = 1.0
_KEYS = 20
_PAGE = 2_000


class ViewBusy(Refusal):
    """A transaction of somebody else holds the view, and the switch has given up."""


class PostgresBuild:
    """The port `Build`, on one connection that nobody else uses."""

    def __init__(
        self,
        db: psycopg.Connection,
        projection: AnyProjection,
        keys: Keys,
        patience_s: float = 600.0,
        waits: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.projection, self.positions = projection, dict[int, int]()
        self._db, self._keys, self._patience_s, self._waits = db, keys, patience_s, waits
        self._table = f"{projection.group}_rebuild"
        self._indexed = False
        row = db.execute(
            "SELECT consumer_group, build FROM projection.live WHERE view = %s", [projection.name]
        ).fetchone()
        assert row
        self._live, self._build = row
        self.discard()
        tables.make(db, projection, self._table)

    @property
    def same_version(self) -> bool:
        return bool(self._live == self.projection.group)

    def discard(self) -> None:
        """Removes the table, also of a rebuild that was killed."""
        self._db.execute(sql.SQL("DROP TABLE IF EXISTS {}").format(identifier(self._table)))

    def goal(self) -> Mapping[int, int]:
        rows = self._db.execute(
            "SELECT partition, number FROM projection.checkpoint WHERE consumer_group = %s",
            [self._live],
        )
        return dict(rows.fetchall())

    def load(self, partition: int, keys: Set[str]) -> Mapping[str, Row]:
        if not self.positions.get(partition):
            return {}
        self._index()
        return tables.load(self._db, self.projection, self._table, partition, keys, self._keys)

    def write(self, partition: int, rows: Mapping[str, tuple[str, Row | None]], upto: int) -> None:
        stored = tables.stored(self.projection, partition, rows, self._keys)
        with self._db.transaction(), self._db.cursor() as cursor:
            if rows and self.positions.get(partition):
                self._index()
                tables.delete(cursor, self._table, partition, rows.keys())
            tables.copy(cursor, self.projection, self._table, stored)
        self.positions[partition] = upto

    def compare(self, follow: Follow) -> RowDifference:
        self._index()
        with self._db.transaction():
            # What is shown stands still for this transaction, and nobody waits for it.
            self._db.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            follow(self.goal())
            [(before, after)] = self._db.execute(
                sql.SQL("SELECT (SELECT count(*) FROM {}), (SELECT count(*) FROM {})").format(
                    identifier(self._live), identifier(self._table)
                )
            ).fetchall()
            count, first = 0, list[str]()
            for key in self._differing():
                count += 1
                if count <= _KEYS:
                    first.append(key)
        self._db.execute(sql.SQL("ANALYZE {}").format(identifier(self._table)))
        return RowDifference(before, after, count, first)

    def switch(self, follow: Follow) -> None:
        """Raises ViewBusy where a transaction holds the view for longer than `patience_s`."""
        for attempt in Retrying(
            retry=retry_if_exception_type(psycopg.errors.LockNotAvailable),
            wait=wait_fixed(_PAUSE_S),
            stop=stop_after_delay(self._patience_s),
            before_sleep=lambda _: self._waits(self._in_the_way()),
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
        groups = [self._live, group]
        with self._db.transaction():
            self._wait_at_most(_FENCE)
            self._db.execute(
                "UPDATE consumer.lease SET epoch = epoch + 1, member = NULL "
                "WHERE consumer_group = ANY(%s)",
                [groups],
            )
            follow(self.goal())
            self._wait_at_most(_DDL)
            self._db.execute(
                sql.SQL("DROP VIEW {}; DROP TABLE {}; ALTER TABLE {} RENAME TO {}").format(
                    sql.Identifier("view", self.projection.name),
                    identifier(self._live),
                    identifier(self._table),
                    sql.Identifier(group),
                )
            )
            tables.publish(self._db, self.projection, self._build + 1)
            for table in ("checkpoint", "parked"):
                forget = sql.SQL("DELETE FROM {} WHERE consumer_group = ANY(%s)")
                self._db.execute(forget.format(identifier(table)), [groups])
            self._db.cursor().executemany(
                "INSERT INTO projection.checkpoint VALUES (%s, %s, %s)",
                [(group, partition, number) for partition, number in self.positions.items()],
            )

    def _wait_at_most(self, time: str) -> None:
        self._db.execute("SELECT set_config('lock_timeout', %s, true)", [time])

    def _in_the_way(self) -> str:
        rows = self._db.execute(
            "SELECT DISTINCT a.pid, a.usename FROM pg_locks l JOIN pg_stat_activity a USING (pid) "
            "WHERE l.granted AND l.pid <> pg_backend_pid() AND l.relation = ANY(ARRAY["
            "format('view.%%I', %s::text), format('projection.%%I', %s::text)]::regclass[])",
            [self.projection.name, self._live],
        ).fetchall()
        held = " and ".join(f"process {pid} ({user})" for pid, user in rows) or "somebody"
        return f"{self.projection.name}: an open transaction of {held} holds the view"

    def _give_up(self, _: RetryCallState) -> None:
        raise ViewBusy(
            f"{self._in_the_way()}, and nothing was switched: end it, and run the rebuild again"
        )

    def _index(self) -> None:
        if not self._indexed:
            tables.index(self._db, self.projection, self._table)
            self._indexed = True

    def _differing(self) -> Iterator[str]:
        """The keys of rows that are in one table alone or differ in a column that both have."""
        before = {(c.name, c.sql) for c in tables.described(self._db, self._live)}
        both = [c for c in columns(self.projection) if (c.name, c.sql) in before]
        sealed = [c for c in both if c.personal]
        plain = ["owner", *(c.name for c in both if not c.personal)]

        def of(side: str, names: Sequence[str]) -> sql.Composed:
            return sql.SQL(", ").join(sql.Identifier(side, name) for name in names)

        differs = sql.SQL("({}) IS DISTINCT FROM ({})").format(of("o", plain), of("n", plain))
        some = [sql.SQL("num_nonnulls({}) > 0").format(of(s, [c.name for c in sealed]))
                for s in "on" if sealed]  # fmt: skip
        statement = sql.SQL(
            "SELECT key, o.owner, {} {} FROM {} o FULL JOIN {} n USING (partition, key) "
            "WHERE {} ORDER BY partition, key"
        ).format(
            differs,
            sql.SQL("").join(sql.SQL(", ") + of(s, [c.name]) for c in sealed for s in "on"),
            identifier(self._live),
            identifier(self._table),
            sql.SQL(" OR ").join([differs, *some]),
        )
        with self._db.cursor(name="differing") as cursor:
            cursor.execute(statement)
            while rows := cursor.fetchmany(_PAGE):
                keys = self._keys({owner for _, owner, *_ in rows if owner}) if sealed else {}
                for key, owner, plainly, *values in rows:
                    pairs = zip(sealed, values[::2], values[1::2], strict=True)
                    if plainly or any(self._unlike(*pair, owner, keys) for pair in pairs):
                        yield key

    def _unlike(
        self, column: Column, old: Any, new: Any, owner: str, keys: Mapping[str, Any]
    ) -> bool:
        key = keys.get(owner)
        was = column.read(old, self._live, owner, key)
        return bool(was != column.read(new, self.projection.group, owner, key))


@contextmanager
def building(
    pool: ConnectionPool,
    projections: Collection[AnyProjection],
    keys: Keys,
    waits: Callable[[str], None] = lambda _: None,
    patience_s: float = 600.0,
) -> Iterator[list[PostgresBuild]]:
    """New tables for views, one rebuild at a time; what was not switched is removed."""
    with pool.connection() as db:
        # A server process whose client was killed shall not go on for long.
        db.execute(f"SET lock_timeout = '{_ALONE}'; SET client_connection_check_interval = '1s'")
        builds: list[PostgresBuild] = []
        try:
            _alone(db)
            for projection in projections:
                builds.append(PostgresBuild(db, projection, keys, patience_s, waits))
            yield builds
        finally:
            for build in builds:
                build.discard()
            db.execute("SELECT pg_advisory_unlock_all(); RESET ALL")


def _alone(db: psycopg.Connection) -> None:
    try:
        db.execute("SELECT pg_advisory_lock(%s)", [MAINTENANCE])
    except psycopg.errors.LockNotAvailable:
        raise MaintenanceRunning from None
