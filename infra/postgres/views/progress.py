"""How far the groups that read the log are behind it, and which members they have."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from psycopg.rows import class_row
from psycopg_pool import ConnectionPool

from consumers.movers.relay import GROUP
from consumers.ports.views import GroupLag
from domain.event import Cursor

_LAGS = """
SELECT g.name AS group, h.partition, h.last AS head, coalesce(c.number, 0) AS position,
       h.last - coalesce(c.number, 0) AS events,
       coalesce(extract(epoch FROM clock_timestamp() - (
           SELECT e.recorded FROM store.event e
           WHERE e.partition = h.partition AND e.number = coalesce(c.number, 0) + 1)), 0)::float8
           AS seconds,
       l.member, c.stopped
FROM unnest(%(groups)s::text[]) AS g (name) CROSS JOIN store.partition_head h
LEFT JOIN {positions} c ON c.consumer_group = g.name AND c.partition = h.partition
LEFT JOIN consumer.lease l ON l.consumer_group = g.name AND l.partition = h.partition
ORDER BY g.name, h.partition
"""
_VIEW_LAGS = _LAGS.format(positions="projection.checkpoint")
_RELAY_LAGS = _LAGS.format(
    positions="(SELECT 'relay' AS consumer_group, p.*, NULL AS stopped "
    "FROM unnest(%(partitions)s::int[], %(numbers)s::bigint[]) AS p (partition, number))"
)


class ViewProgress:
    """Positions and members of the groups of views, and of the relay."""

    def __init__(self, pool: ConnectionPool) -> None:
        self._pool = pool

    def lags(self, groups: Collection[str]) -> list[GroupLag]:
        """A lag for every group and partition; a group that never ran is behind by everything."""
        with self._pool.connection() as db:
            cursor = db.cursor(row_factory=class_row(GroupLag))
            return cursor.execute(_VIEW_LAGS, {"groups": list(groups)}).fetchall()

    def relay(self, log_heads: Mapping[int, int]) -> list[GroupLag]:
        """How far the log is behind the store, by the log's last number in each partition."""
        values = {
            "groups": [GROUP],
            "partitions": list(log_heads),
            "numbers": list(log_heads.values()),
        }
        with self._pool.connection() as db:
            return (
                db.cursor(row_factory=class_row(GroupLag)).execute(_RELAY_LAGS, values).fetchall()
            )

    def relayed(self) -> Mapping[int, int]:
        """The last number of each partition that the log has acknowledged to a relay."""
        with self._pool.connection() as db:
            return dict(db.execute("SELECT partition, number FROM consumer.relayed").fetchall())

    def position(self, lags: Collection[GroupLag]) -> Cursor:
        """The cursor up to which all of the groups have processed the log."""
        with self._pool.connection() as db:
            row = db.execute("SELECT max(incarnation) FROM store.partition_head").fetchone()
        assert row
        numbers: dict[int, int] = {}
        for lag in lags:
            numbers[lag.partition] = min(lag.position, numbers.get(lag.partition, lag.position))
        return Cursor(row[0], tuple(number for _, number in sorted(numbers.items())))

    def behind(self, groups: Collection[str], goal: Mapping[int, int]) -> bool:
        """Whether a group has not reached `goal` in a partition that is not stopped."""
        return any(
            lag.position < goal[lag.partition] and not lag.stopped for lag in self.lags(groups)
        )

    def members(self, groups: Collection[str]) -> int:
        """The number of members of the groups whose session has not expired."""
        with self._pool.connection() as db:
            row = db.execute(
                "SELECT count(*) FROM consumer.member "
                "WHERE consumer_group = ANY(%s) AND expires >= clock_timestamp()",
                [list(groups)],
            ).fetchone()
        assert row
        return int(row[0])
