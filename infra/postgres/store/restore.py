"""A store that is filled from its log: rows as they were, at no door."""

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
from infra.postgres.store.positioning import COPY, TYPES, note, say

_PAGE = 2_000
_OWNERS = (
    "INSERT INTO store.owner (owner, partition) SELECT unnest(%s::text[]), %s "
    "ON CONFLICT DO NOTHING"
)
_STREAMS = (
    "INSERT INTO store.stream SELECT * FROM unnest(%s::text[], %s::text[]) ON CONFLICT DO NOTHING"
)
_HEAD = (
    "UPDATE store.partition_head SET last = %s, closed_at = %s, last_time = %s WHERE partition = %s"
)
_SEALED = (
    "SELECT e.owner, e.data FROM store.event e JOIN store.owner o ON o.owner = e.owner "
    "WHERE o.key IS NULL"
)
# The greatest incarnation of a partition stands on its last event.
_REOPEN = """
UPDATE store.partition_head SET closed_at = NULL, incarnation = 1 + (
    SELECT max(greatest(h.incarnation, e.incarnation)) FROM store.partition_head h
    LEFT JOIN store.event e ON e.partition = h.partition AND e.number = h.last)
RETURNING incarnation
"""


class PostgresRestore(PostgresEnvelopes):
    """The port `Restorable`. `pool` is the administrator's."""

    def __init__(self, pool: ConnectionPool, secrets: Secrets) -> None:
        super().__init__(pool)
        self.pool, self._secrets = pool, secrets

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Hold the lock MAINTENANCE. Raises MaintenanceRunning where somebody else holds it."""
        with self._pool.connection() as db:
            [(mine,)] = db.execute("SELECT pg_try_advisory_lock(%s)", [MAINTENANCE]).fetchall()
            if not mine:
                raise MaintenanceRunning
            try:
                yield
            finally:
                db.execute("SELECT pg_advisory_unlock(%s)", [MAINTENANCE])

    def put(self, partition: int, events: Sequence[LogRecord]) -> None:
        rows = [_row(partition, carried) for carried in events]
        owners = {carried.owner for carried in events}
        named = {stream: owner for _, _, _, owner, stream, *_ in rows if is_subject(stream)}
        with self._pool.connection() as db, db.transaction(), db.cursor() as cursor:
            cursor.execute(_OWNERS, [list(owners), partition])
            cursor.execute(_STREAMS, [list(named), list(named.values())])
            with cursor.copy(COPY) as copy:
                copy.set_types(TYPES)
                for row in rows:
                    copy.write_row(row)
            _consent(cursor, events)
            last = events[-1].number
            cursor.execute(_HEAD, [last, last, codec.recorded_time(events[-1].envelope), partition])

    def keyless(self) -> Counter[str]:
        """How many personal values, at least one, stay sealed for each owner without a key.

        Owners of whom nothing is sealed get a new key: they lack nothing.
        """
        found: Counter[str] = Counter()
        with self._pool.connection() as db, db.transaction(), db.cursor("sealed") as cursor:
            cursor.itersize = _PAGE
            for owner, envelope in cursor.execute(_SEALED):
                found[owner] += codec.sealed_values(bytes(envelope))
        with self._pool.connection() as db, db.transaction(), db.cursor() as cursor:
            cursor.executemany(
                "UPDATE store.owner SET key = %s, master = %s WHERE owner = %s",
                [
                    (self._secrets.wrap(owner, OwnerKey.mint()), self._secrets.master, owner)
                    for owner, values in found.items()
                    if not values
                ],
            )
        return +found

    def reopen(self) -> int:
        """Lets the doors append again, under a new incarnation, which is returned."""
        with self._pool.connection() as db, db.transaction():
            db.execute("SELECT FROM store.partition_head ORDER BY partition FOR UPDATE")
            row = db.execute(_REOPEN).fetchone()
        assert row
        return int(row[0])


def _row(partition: int, carried: LogRecord) -> tuple[Any, ...]:
    """As placing writes it. Raises LogForged or TypeUnknown."""
    try:
        placed = codec.stored_attributes(carried.envelope)
    except KeyError as error:
        raise LogTypeUnknown(error.args[0]) from None
    place = Position(carried.incarnation, partition, carried.number)
    if placed.position != place:
        raise LogForged(partition, carried.number)
    return (
        carried.incarnation, partition, carried.number, carried.owner, placed.stream,
        placed.version, placed.id, placed.type, placed.time, placed.recorded, carried.digest,
        carried.envelope,
    )  # fmt: skip


def _consent(cursor: psycopg.Cursor[Any], events: Sequence[LogRecord]) -> None:
    """What their owners consent to after these events."""
    said = [
        (carried.owner, data)
        for carried in events
        if b'"type":"customer.consent-' in carried.envelope
        and isinstance(
            data := codec.decode(carried.envelope, lambda _: None).data,
            ConsentGranted | ConsentWithdrawn,
        )
    ]
    known = cursor.execute(
        "SELECT owner, purposes FROM store.owner WHERE owner = ANY(%s)",
        [[owner for owner, _ in said]],
    ).fetchall()
    purposes = {owner: set(before) for owner, before in known}
    for owner, data in said:
        say(data, purposes[owner])
    note(cursor, purposes)
