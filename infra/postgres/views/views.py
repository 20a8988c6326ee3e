"""The rows of views in PostgreSQL, written with the positions that they contain."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Any

import psycopg

from consumers.ports.views import Fenced, OwnedRow, ParkedEvent, ViewChange
from infra.postgres.server.locks import NEW_VIEW
from infra.postgres.views import tables
from infra.postgres.views.reader import RowReader
from infra.postgres.views.rows import EncodedRow, delete_rows, encode_rows, load_rows, upsert_rows
from projections.view import AnyProjection

_FENCED = "OM001"
"""The error that `projection.advance` raises for an epoch or a position that is no longer so."""


class PostgresViews(RowReader):
    """The port `Views`, and what `RowReader` reads."""

    def prepare(self, projection: AnyProjection) -> None:
        with self._pool.connection() as db, db.transaction():
            db.execute("SELECT pg_advisory_xact_lock(%s)", [NEW_VIEW])
            live = db.execute("SELECT FROM projection.live WHERE view = %s", [projection.name])
            if live.rowcount:
                return
            tables.create_table(db, projection, projection.group)
            tables.create_indexes(db, projection, projection.group)
            tables.publish(db, projection, build=1)

    def live(self) -> dict[str, str]:
        with self._pool.connection() as db:
            rows = db.execute("SELECT view, consumer_group FROM projection.live ORDER BY view")
            return dict(rows.fetchall())

    def position(self, group: str, partition: int) -> int:
        with self._pool.connection() as db:
            row = db.execute(
                "SELECT number FROM projection.checkpoint "
                "WHERE consumer_group = %s AND partition = %s",
                [group, partition],
            ).fetchone()
        return row[0] if row else 0

    def stop(self, group: str, partition: int, epoch: int, reason: str) -> None:
        with self._pool.connection() as db:
            db.execute(
                "INSERT INTO projection.checkpoint SELECT %(group)s, %(partition)s, 0, %(reason)s "
                "FROM consumer.lease l WHERE l.consumer_group = %(group)s "
                "AND l.partition = %(partition)s AND l.epoch = %(epoch)s "
                "ON CONFLICT (consumer_group, partition) DO UPDATE SET stopped = %(reason)s",
                {"group": group, "partition": partition, "epoch": epoch, "reason": reason},
            )

    def parked_events(self, group: str, partition: int | None = None) -> list[ParkedEvent]:
        """The parked events of a partition in order; without one, of all partitions."""
        with self._pool.connection() as db:
            rows = db.execute(
                "SELECT number, key, owner, reason FROM projection.parked "
                "WHERE consumer_group = %s AND (partition = %s OR %s::int IS NULL) "
                "ORDER BY partition, number",
                [group, partition, partition],
            ).fetchall()
        return [ParkedEvent(*row) for row in rows]

    def load(
        self, projection: AnyProjection, partition: int, keys: Collection[str]
    ) -> dict[str, OwnedRow]:
        with self._pool.connection() as db:
            return load_rows(db, projection, projection.group, partition, keys, self._keys)

    def commit(self, changes: Sequence[ViewChange]) -> None:
        encoded = [self._encoded(change) for change in changes]
        try:
            with self._pool.connection() as db, db.transaction():
                self._commit(db, changes, encoded)
        except psycopg.Error as error:
            if error.sqlstate == _FENCED:
                raise Fenced from None
            raise

    def amend(
        self, projection: AnyProjection, partition: int, make: Callable[[int, int], ViewChange]
    ) -> None:
        with self._pool.connection() as db, db.transaction():
            # The raised epoch keeps every member from committing, also one that is folding now.
            [(epoch,)] = db.execute(
                "UPDATE consumer.lease SET epoch = epoch + 1, member = NULL "
                "WHERE consumer_group = %s AND partition = %s RETURNING epoch",
                [projection.group, partition],
            ).fetchall()
            change = make(epoch, self.position(projection.group, partition))
            self._commit(db, [change], [self._encoded(change)])

    def _encoded(self, change: ViewChange) -> list[EncodedRow]:
        return encode_rows(change.projection, change.partition, change.rows, self._keys)

    def _commit(
        self,
        db: psycopg.Connection,
        changes: Sequence[ViewChange],
        encoded: Sequence[list[EncodedRow]],
    ) -> None:
        # First and by itself: if one of the changes is fenced off, no row is sent.
        db.cursor().executemany(
            "SELECT projection.advance(%s, %s, %s, %s, %s)",
            [(c.projection.group, c.partition, c.epoch, c.after, c.upto) for c in changes],
        )
        with db.pipeline():
            for change, rows in zip(changes, encoded, strict=True):
                _write(db.cursor(), change, rows)


def _write(cursor: psycopg.Cursor[Any], change: ViewChange, rows: list[EncodedRow]) -> None:
    """Write the rows of a change, and which events are parked from now on."""
    projection, group, partition = change.projection, change.projection.group, change.partition
    if removed := [key for key, (_, row) in change.rows.items() if row is None]:
        delete_rows(cursor, group, partition, removed)
    if rows:
        upsert_rows(cursor, projection, group, rows)
    if change.unparked:
        cursor.executemany(
            "DELETE FROM projection.parked WHERE consumer_group = %s AND partition = %s "
            "AND number = %s AND key IS NOT DISTINCT FROM %s",
            [(group, partition, p.number, p.key) for p in change.unparked],
        )
    if change.parked:
        cursor.executemany(
            "INSERT INTO projection.parked VALUES (%s, %s, %s, %s, %s, %s)",
            [(group, partition, p.number, p.key, p.owner, p.reason) for p in change.parked],
        )
