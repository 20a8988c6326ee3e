"""The restore of a store from its log: the events as they were, without the checks of a door.

See docs/adr/0012-restore.md.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg_pool import ConnectionPool

from consumers.ports.log import LogForged, LogRecord, LogTypeUnknown
from domain.customer.events import ConsentGranted, ConsentWithdrawn
from domain.event import Position
from domain.subject import is_subject
from infra import codec
from infra.keys import OwnerKey, Secrets
from infra.postgres.server.locks import MAINTENANCE, MaintenanceRunning
from infra.postgres.store.envelopes import PostgresEnvelopes
from infra.postgres.store.positioning import COPY, COPY_TYPES, apply_consent, save_purposes

_PAGE = 2_000
_INSERT_OWNERS = (
    "INSERT INTO store.owner (owner, partition) SELECT unnest(%s::text[]), %s "
    "ON CONFLICT DO NOTHING"
)
_INSERT_STREAMS = (
    "INSERT INTO store.stream SELECT * FROM unnest(%s::text[], %s::text[]) ON CONFLICT DO NOTHING"
)
_MOVE_HEAD = (
    "UPDATE store.partition_head SET last = %s, closed_at = %s, last_time = %s WHERE partition = %s"
)
_EVENTS_WITHOUT_KEY = (
    "SELECT e.owner, e.data FROM store.event e JOIN store.owner o ON o.owner = e.owner "
    "WHERE o.key IS NULL"
)
# The last event of a partition has its greatest incarnation.
_ACCEPT_APPENDS = """
UPDATE store.partition_head SET closed_at = NULL, incarnation = 1 + (
    SELECT max(greatest(h.incarnation, e.incarnation)) FROM store.partition_head h
    LEFT JOIN store.event e ON e.partition = h.partition AND e.number = h.last)
RETURNING incarnation
"""


class PostgresRestore(PostgresEnvelopes):
    """The port `RestorableStore`. `pool` connects as the database's administrator."""

    def __init__(self, pool: ConnectionPool, secrets: Secrets) -> None:
        super().__init__(pool)
        self.pool, self._secrets = pool, secrets

    @contextmanager
    def maintenance(self) -> Iterator[None]:
        """Hold the lock MAINTENANCE. Raises MaintenanceRunning where another process has it."""
        with self._pool.connection() as db:
            query = "SELECT pg_try_advisory_lock(%s)"
            [(is_locked,)] = db.execute(query, [MAINTENANCE]).fetchall()
            if not is_locked:
                raise MaintenanceRunning
            try:
                yield
            finally:
                db.execute("SELECT pg_advisory_unlock(%s)", [MAINTENANCE])

    def put(self, partition: int, events: Sequence[LogRecord]) -> None:
        rows = [_row(partition, record) for record in events]
        owners = {record.owner for record in events}
        streams = {stream: owner for _, _, _, owner, stream, *_ in rows if is_subject(stream)}
        with self._pool.connection() as db, db.transaction(), db.cursor() as cursor:
            cursor.execute(_INSERT_OWNERS, [list(owners), partition])
            cursor.execute(_INSERT_STREAMS, [list(streams), list(streams.values())])
            with cursor.copy(COPY) as copy:
                copy.set_types(COPY_TYPES)
                for row in rows:
                    copy.write_row(row)
            _restore_consent(cursor, events)
            last = events[-1]
            time = codec.recorded_time(last.envelope)
            cursor.execute(_MOVE_HEAD, [last.number, last.number, time, partition])

    def replace_lost_keys(self) -> Counter[str]:
        """Give a new key to every owner that has none and of whom no value is sealed.

        Return the number of sealed values, which stay unreadable, of each other owner without a
        key.
        """
        sealed: Counter[str] = Counter()
        with self._pool.connection() as db, db.transaction(), db.cursor("sealed") as cursor:
            cursor.itersize = _PAGE
            for owner, envelope in cursor.execute(_EVENTS_WITHOUT_KEY):
                sealed[owner] += codec.sealed_values(bytes(envelope))
        with self._pool.connection() as db, db.transaction(), db.cursor() as cursor:
            cursor.executemany(
                "UPDATE store.owner SET key = %s, master = %s WHERE owner = %s",
                [
                    (self._secrets.wrap(owner, OwnerKey.mint()), self._secrets.master, owner)
                    for owner, values in sealed.items()
                    if not values
                ],
            )
        return +sealed

    def accept_appends(self) -> int:
        """Open the store for appends, under a new incarnation, which is returned."""
        with self._pool.connection() as db, db.transaction():
            db.execute("SELECT FROM store.partition_head ORDER BY partition FOR UPDATE")
            row = db.execute(_ACCEPT_APPENDS).fetchone()
        assert row
        return int(row[0])


def _row(partition: int, record: LogRecord) -> tuple[Any, ...]:
    """The row of `store.event`, as the append wrote it. Raises LogForged or LogTypeUnknown."""
    try:
        stored = codec.stored_attributes(record.envelope)
    except KeyError as error:
        raise LogTypeUnknown(error.args[0]) from None
    if stored.position != Position(record.incarnation, partition, record.number):
        raise LogForged(partition, record.number)
    return (
        record.incarnation, partition, record.number, record.owner, stored.stream,
        stored.version, stored.id, stored.type, stored.time, stored.recorded, record.digest,
        record.envelope,
    )  # fmt: skip


def _restore_consent(cursor: psycopg.Cursor[Any], events: Sequence[LogRecord]) -> None:
    """Write the purposes that owners consent to after these events."""
    consents = [
        (record.owner, data)
        for record in events
        if b'"type":"customer.consent-' in record.envelope
        and isinstance(
            data := codec.decode(record.envelope, lambda _: None).data,
            ConsentGranted | ConsentWithdrawn,
        )
    ]
    rows = cursor.execute(
        "SELECT owner, purposes FROM store.owner WHERE owner = ANY(%s)",
        [[owner for owner, _ in consents]],
    ).fetchall()
    purposes = {owner: set(before) for owner, before in rows}
    for owner, consent in consents:
        apply_consent(purposes[owner], consent)
    save_purposes(cursor, purposes)
