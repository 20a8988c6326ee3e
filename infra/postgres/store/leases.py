"""Leases of partitions, by which the members of a consumer group share them."""

from __future__ import annotations

from datetime import timedelta

from psycopg_pool import ConnectionPool

from consumers.ports.log import Assignment


class PostgresSubscription:
    """The port `Subscription`. Leases expire by the database's clock, after `session`."""

    def __init__(self, pool: ConnectionPool, group: str, member: str, session: timedelta) -> None:
        self._pool, self._group, self._member, self._session = pool, group, member, session

    def poll(self) -> Assignment:
        with self._pool.connection() as db:
            rows = db.execute(
                "SELECT * FROM consumer.poll(%s, %s, %s)",
                [self._group, self._member, self._session],
            ).fetchall()
        return Assignment(dict(rows), self._session.total_seconds())

    def close(self) -> None:
        with self._pool.connection() as db:
            db.execute("SELECT consumer.leave(%s, %s)", [self._group, self._member])
