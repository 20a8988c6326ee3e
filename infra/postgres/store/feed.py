"""The log for readers elsewhere: envelopes byte for byte as stored, personal values sealed."""

from __future__ import annotations

from dataclasses import dataclass

from psycopg_pool import ConnectionPool

from consumers.ports.log import Hole
from domain.event import Cursor

_HEADS = "SELECT max(incarnation), array_agg(last ORDER BY partition) FROM store.partition_head"
# Numbers that went under when the store was restored were given again, in a later incarnation.
_LOST = (
    "SELECT FROM store.event e JOIN unnest(%s::bigint[]) WITH ORDINALITY AS seen (number, n) "
    "ON e.partition = seen.n - 1 AND e.number = seen.number WHERE e.incarnation > %s LIMIT 1"
)
# A share of each partition that has news, oldest first: none of them starves, and what is taken is
# a prefix of each, since the recorded time never runs backwards within one.
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
    """A cursor that this log did not give, or has lost what it saw."""


@dataclass(frozen=True, slots=True)
class FeedEntry:
    """An envelope, and the cursor of who has read it."""

    envelope: bytes
    cursor: Cursor


class LogFeed:
    def __init__(self, pool: ConnectionPool) -> None:
        self._pool = pool

    def heads(self) -> Cursor:
        """The end of the log."""
        with self._pool.connection() as db:
            row = db.execute(_HEADS).fetchone()
        assert row
        return Cursor(row[0], tuple(row[1]))

    def check(self, cursor: Cursor) -> Cursor:
        """The end of the log. Raises CursorElsewhere for a cursor that nothing comes after.

        A cursor from before a restore holds on, unless it has seen what did not come back.
        """
        heads = self.heads()
        if cursor.incarnation > heads.incarnation:
            raise CursorInvalid(
                "the cursor is of a later incarnation of the log than this: take one from this one"
            )
        if len(cursor.numbers) != len(heads.numbers):
            raise CursorInvalid("the cursor is of another deployment: take one from this one")
        ahead = any(seen > last for seen, last in zip(cursor.numbers, heads.numbers, strict=True))
        if ahead and cursor.incarnation == heads.incarnation:
            raise CursorInvalid(
                "the cursor is ahead of the log, which is older than its reader: "
                "read again from a cursor of now, or from the beginning"
            )
        if ahead or (cursor.incarnation < heads.incarnation and self._lost(cursor)):
            raise CursorInvalid(
                "the cursor is of another incarnation of the log, and has seen what was lost when "
                "it was restored: read again from a cursor of now, or from the beginning"
            )
        return heads

    def _lost(self, cursor: Cursor) -> bool:
        with self._pool.connection() as db:
            found = db.execute(_LOST, [list(cursor.numbers), cursor.incarnation])
            return found.fetchone() is not None

    def read(self, after: Cursor, limit: int) -> list[FeedEntry]:
        """Up to `limit` events, each partition's in order. Raises CursorElsewhere, or Hole."""
        heads = self.check(after)
        seen = list(after.numbers)
        news = [n for n, last in enumerate(heads.numbers) if last > seen[n]]
        if not news:
            return []
        share = -(-limit // len(news))
        with self._pool.connection() as db:
            rows = db.cursor(binary=True).execute(
                _PAGE, [news, [seen[n] for n in news], share, limit]
            ).fetchall()  # fmt: skip
        fed = []
        for partition, number, envelope in rows:
            if number != seen[partition] + 1:
                raise Hole(partition, seen[partition], number)
            seen[partition] = number
            fed.append(FeedEntry(envelope, Cursor(heads.incarnation, tuple(seen))))
        return fed


def beginning(heads: Cursor) -> Cursor:
    """The beginning of the log."""
    return Cursor(heads.incarnation, (0,) * len(heads.numbers))
