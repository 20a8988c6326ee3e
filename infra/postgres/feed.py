"""The log for readers elsewhere: envelopes byte for byte as stored, personal values sealed."""

from __future__ import annotations

from dataclasses import dataclass

from psycopg_pool import ConnectionPool

from consumers.ports import Hole
from domain.event import Cursor

_HEADS = (
    "SELECT (SELECT incarnation FROM store.deployment), array_agg(last ORDER BY partition) "
    "FROM store.partition_head"
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


class CursorElsewhere(Exception):
    """A cursor that this log did not give, or has lost what it saw."""


@dataclass(frozen=True, slots=True)
class Fed:
    """An envelope, and the cursor of who has read it."""

    envelope: bytes
    cursor: Cursor


class Feed:
    def __init__(self, pool: ConnectionPool) -> None:
        self._pool = pool

    def heads(self) -> Cursor:
        """The end of the log."""
        with self._pool.connection() as db:
            row = db.execute(_HEADS).fetchone()
        assert row
        return Cursor(row[0], tuple(row[1]))

    def read(self, after: Cursor, limit: int) -> list[Fed]:
        """Up to `limit` events, each partition's in order. Raises CursorElsewhere, or Hole."""
        heads = self.heads()
        check(after, heads)
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
            fed.append(Fed(envelope, Cursor(heads.incarnation, tuple(seen))))
        return fed


def check(cursor: Cursor, heads: Cursor) -> None:
    """Raises CursorElsewhere where `heads` is not further on than the cursor, in the same log."""
    if cursor.incarnation != heads.incarnation:
        raise CursorElsewhere(
            "the cursor is of another incarnation of the log, which was restored since: "
            "read again from a cursor of now, or from the beginning"
        )
    if len(cursor.numbers) != len(heads.numbers):
        raise CursorElsewhere("the cursor is of another deployment: take one from this one")
    if any(seen > last for seen, last in zip(cursor.numbers, heads.numbers, strict=True)):
        raise CursorElsewhere(
            "the cursor is ahead of the log, which is older than its reader: "
            "read again from a cursor of now, or from the beginning"
        )


def start(heads: Cursor) -> Cursor:
    """The beginning of the log."""
    return Cursor(heads.incarnation, (0,) * len(heads.numbers))
