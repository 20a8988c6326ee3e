"""How far the consumer groups are behind the log, and who is at it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from psycopg.rows import class_row
from psycopg_pool import ConnectionPool

from consumers.movers.relay import GROUP
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
_VIEWS = _LAGS.format(positions="projection.checkpoint")
_RELAY = _LAGS.format(
    positions="(SELECT 'relay' AS consumer_group, p.*, NULL AS stopped "
    "FROM unnest(%(partitions)s::int[], %(numbers)s::bigint[]) AS p (partition, number))"
)


@dataclass(frozen=True, slots=True)
class Lag:
    """`seconds` is the age of the oldest event that the group has not seen.

    `stopped` says why nobody reads on, where a fold fails for too many keys.
    """

    group: str
    partition: int
    head: int
    position: int
    events: int
    seconds: float
    member: str | None
    stopped: str | None


class ViewProgress:
    def __init__(self, pool: ConnectionPool) -> None:
        self._pool = pool

    def lags(self, groups: Collection[str]) -> list[Lag]:
        """Every group and partition; a group that never ran is behind by everything."""
        with self._pool.connection() as db:
            cursor = db.cursor(row_factory=class_row(Lag))
            return cursor.execute(_VIEWS, {"groups": list(groups)}).fetchall()

    def relay(self, log: Mapping[int, int]) -> list[Lag]:
        """How far the log, whose heads are given, is behind the store."""
        values = {"groups": [GROUP], "partitions": list(log), "numbers": list(log.values())}
        with self._pool.connection() as db:
            return db.cursor(row_factory=class_row(Lag)).execute(_RELAY, values).fetchall()

    def relayed(self) -> Mapping[int, int]:
        """The number up to which the log has each partition, for certain."""
        with self._pool.connection() as db:
            return dict(db.execute("SELECT partition, number FROM consumer.relayed").fetchall())

    def position(self, lags: Collection[Lag]) -> Cursor:
        """What all of the groups have seen."""
        with self._pool.connection() as db:
            row = db.execute("SELECT max(incarnation) FROM store.partition_head").fetchone()
        assert row
        seen: dict[int, int] = {}
        for lag in lags:
            seen[lag.partition] = min(lag.position, seen.get(lag.partition, lag.position))
        return Cursor(row[0], tuple(number for _, number in sorted(seen.items())))

    def behind(self, groups: Collection[str], goal: Mapping[int, int]) -> bool:
        """Whether some group has not come as far as `goal`, and still goes on."""
        return any(
            lag.position < goal[lag.partition] and not lag.stopped for lag in self.lags(groups)
        )

    def members(self, groups: Collection[str]) -> int:
        """How many members of the groups live."""
        with self._pool.connection() as db:
            row = db.execute(
                "SELECT count(*) FROM consumer.member "
                "WHERE consumer_group = ANY(%s) AND expires >= clock_timestamp()",
                [list(groups)],
            ).fetchone()
        assert row
        return int(row[0])
