"""The store's events as they are stored, for the relay."""

from __future__ import annotations

from collections.abc import Mapping

from psycopg_pool import ConnectionPool

from consumers.ports.log import Hole, StoredEnvelope
from infra.postgres.keys.owners import APPENDS_REFUSED

_REFUSE_APPENDS = (
    "UPDATE store.partition_head h SET closed_at = last FROM ("
    "SELECT partition FROM store.partition_head ORDER BY partition FOR UPDATE) locked "
    "WHERE h.partition = locked.partition"
)
_NOTE_RELAYED = (
    "INSERT INTO consumer.relayed SELECT * FROM unnest(%s::int[], %s::bigint[]) "
    "ON CONFLICT (partition) DO UPDATE SET number = excluded.number"
)


class PostgresEnvelopes:
    """The port `EnvelopeStore`."""

    def __init__(self, pool: ConnectionPool) -> None:
        self._pool = pool

    def heads(self) -> Mapping[int, int]:
        with self._pool.connection() as db:
            return dict(db.execute("SELECT partition, last FROM store.partition_head").fetchall())

    def read(self, partition: int, after: int, limit: int) -> list[StoredEnvelope]:
        with self._pool.connection() as db:
            rows = db.cursor(binary=True).execute(
                "SELECT incarnation, number, owner, type, recorded, digest, data FROM store.event "
                "WHERE partition = %s AND number > %s ORDER BY number LIMIT %s",
                [partition, after, limit],
            ).fetchall()  # fmt: skip
        for expected, (_, number, *_) in enumerate(rows, after + 1):
            if number != expected:
                raise Hole(partition, expected - 1, number)
        return [StoredEnvelope(*row) for row in rows]

    def note_relayed(self, numbers: Mapping[int, int]) -> None:
        with self._pool.connection() as db, db.transaction():
            # A crash may lose this: a relay notes it again when it next compares store and log.
            db.execute("SET LOCAL synchronous_commit = off")
            db.execute(_NOTE_RELAYED, [list(numbers), list(numbers.values())])

    def refuse_appends(self) -> None:
        with self._pool.connection() as db:
            db.execute(_REFUSE_APPENDS)

    def refuses_appends(self) -> bool:
        """Whether appends are refused until a restore, because the log has more events."""
        with self._pool.connection() as db:
            return db.execute(APPENDS_REFUSED).fetchone() is not None
