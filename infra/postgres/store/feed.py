"""The log for readers outside the deployment: envelopes as stored, personal values sealed."""

from __future__ import annotations

from dataclasses import dataclass

from psycopg_pool import ConnectionPool

from consumers.ports.log import Hole
from domain.event import Cursor

_HEADS = "SELECT max(incarnation), array_agg(last ORDER BY partition) FROM store.partition_head"
# A restore loses events, and their numbers are given again under a later incarnation. So a cursor
# has seen a lost event exactly if the event of one of its numbers has a later incarnation.
_LOST = (
    "SELECT FROM store.event e JOIN unnest(%s::bigint[]) WITH ORDINALITY AS seen (number, n) "
    "ON e.partition = seen.n - 1 AND e.number = seen.number WHERE e.incarnation > %s LIMIT 1"
)
# At most an equal share of each partition with new events, oldest first. No partition starves, and
# each one's events are taken in order, since recorded times never decrease within a partition.
_PAGE = """
SELECT e.partition, e.number, e.data
FROM unnest(%s::int[], %s::bigint[]) AS seen (partition, number)
CROSS JOIN LATERAL (
    SELECT s.partition, s.number, s.recorded, s.data FROM store.event s
    WHERE s.partition = seen.partition AND s.number > seen.number
    ORDER BY s.number LIMIT %s) e
ORDER BY e.recorded, e.partition, e.number LIMIT %s
"""


class CursorInvalid(Exception):
    """A cursor that this log did not give, or that has seen events which the log has lost."""


@dataclass(frozen=True, slots=True)
class FeedEntry:
    """An envelope, and the cursor to go on from after it."""

    envelope: bytes
    cursor: Cursor


class LogFeed:
    """The events of all partitions in pages, from a cursor on."""

    def __init__(self, pool: ConnectionPool) -> None:
        self._pool = pool

    def heads(self) -> Cursor:
        """The cursor at the end of the log."""
        with self._pool.connection() as db:
            row = db.execute(_HEADS).fetchone()
        assert row
        return Cursor(row[0], tuple(row[1]))

    def check(self, cursor: Cursor) -> Cursor:
        """The cursor at the end of the log. Raises CursorInvalid where the log does not continue
        the given one.

        A cursor from before a restore remains valid, unless it has seen an event that was lost.
        """
        heads = self.heads()
        if cursor.incarnation > heads.incarnation:
            raise CursorInvalid(
                "the cursor is of a later incarnation than this log: take one from this log"
            )
        if len(cursor.numbers) != len(heads.numbers):
            raise CursorInvalid("the cursor is of another deployment: take one from this one")
        ahead = any(seen > last for seen, last in zip(cursor.numbers, heads.numbers, strict=True))
        if ahead and cursor.incarnation == heads.incarnation:
            raise CursorInvalid(
                "the cursor is ahead of the log, which is older than its reader: "
                "read again from the present end, or from the beginning"
            )
        if ahead or (cursor.incarnation < heads.incarnation and self._has_seen_lost(cursor)):
            raise CursorInvalid(
                "the cursor is of an earlier incarnation of the log, and has seen events that were "
                "lost when it was restored: read again from the present end, or from the beginning"
            )
        return heads

    def _has_seen_lost(self, cursor: Cursor) -> bool:
        with self._pool.connection() as db:
            lost = db.execute(_LOST, [list(cursor.numbers), cursor.incarnation])
            return lost.fetchone() is not None

    def read(self, after: Cursor, limit: int) -> list[FeedEntry]:
        """Up to `limit` events, in order within each partition. Raises CursorInvalid or Hole."""
        heads = self.check(after)
        numbers = list(after.numbers)
        behind = [n for n, last in enumerate(heads.numbers) if last > numbers[n]]
        if not behind:
            return []
        share = -(-limit // len(behind))
        with self._pool.connection() as db:
            rows = db.cursor(binary=True).execute(
                _PAGE, [behind, [numbers[n] for n in behind], share, limit]
            ).fetchall()  # fmt: skip
        entries = []
        for partition, number, envelope in rows:
            if number != numbers[partition] + 1:
                raise Hole(partition, numbers[partition], number)
            numbers[partition] = number
            entries.append(FeedEntry(envelope, Cursor(heads.incarnation, tuple(numbers))))
        return entries


def beginning(heads: Cursor) -> Cursor:
    """The cursor at the beginning of the log."""
    return Cursor(heads.incarnation, (0,) * len(heads.numbers))
