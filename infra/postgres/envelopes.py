"""The store's events as they are stored, for the relay."""

from __future__ import annotations

from collections.abc import Mapping

from psycopg_pool import ConnectionPool

from consumers.ports import Hole, Stored


class PostgresEnvelopes:
    """The port `Envelopes`."""

    def __init__(self, pool: ConnectionPool) -> None:
        self._pool = pool

    def heads(self) -> Mapping[int, int]:
        with self._pool.connection() as db:
            return dict(db.execute("SELECT partition, last FROM store.partition_head").fetchall())

    def stored(self, partition: int, after: int, limit: int) -> list[Stored]:
        with self._pool.connection() as db:
            rows = db.cursor(binary=True).execute(
                "SELECT incarnation, number, owner, type, recorded, data FROM store.event "
                "WHERE partition = %s AND number > %s ORDER BY number LIMIT %s",
                [partition, after, limit],
            ).fetchall()  # fmt: skip
        for expected, (_, number, *_) in enumerate(rows, after + 1):
            if number != expected:
                raise Hole(partition, expected - 1, number)
        return [Stored(*row) for row in rows]
