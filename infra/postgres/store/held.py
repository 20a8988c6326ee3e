"""Held reports in PostgreSQL, sealed."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from psycopg_pool import ConnectionPool

from consumers.ports.store import HeldReport
from infra.keys import OwnerKey
from infra.postgres.keys.owners import PostgresOwners

_OWNER = "held"
"""The owner whose key seals the reports: their customers are not known yet."""


class PostgresHeldReports:
    """The port `HeldReportStore`."""

    def __init__(self, pool: ConnectionPool, owners: PostgresOwners) -> None:
        self._pool, self._owners = pool, owners

    def hold(self, reports: Sequence[HeldReport]) -> None:
        key = self._key()
        with self._pool.connection() as db, db.cursor() as cursor:
            cursor.executemany(
                "INSERT INTO store.held VALUES (%s, %s, %s, %s, %s) ON CONFLICT DO NOTHING",
                [
                    (r.id, r.subject, r.type, r.received, key.seal(r.message, r.id.bytes))
                    for r in reports
                ],
            )

    def find(
        self, subjects: Collection[str] | None = None, ids: Collection[UUID] | None = None
    ) -> list[HeldReport]:
        with self._pool.connection() as db:
            rows: list[tuple[UUID, str, str, datetime, bytes]] = db.execute(
                "SELECT id, subject, type, received, sealed FROM store.held "
                "WHERE (%(subjects)s::text[] IS NULL OR subject = ANY(%(subjects)s)) "
                "AND (%(ids)s::uuid[] IS NULL OR id = ANY(%(ids)s)) ORDER BY received, id",
                {
                    "subjects": None if subjects is None else list(subjects),
                    "ids": None if ids is None else list(ids),
                },
            ).fetchall()
        if not rows:
            return []
        key = self._key()
        return [
            HeldReport(id, subject, type, received, key.open(bytes(sealed), id.bytes))
            for id, subject, type, received, sealed in rows
        ]

    def remove(self, ids: Collection[UUID]) -> None:
        with self._pool.connection() as db:
            db.execute("DELETE FROM store.held WHERE id = ANY(%s)", [list(ids)])

    def _key(self) -> OwnerKey:
        return self._owners.keys([_OWNER], mint=True)[_OWNER]
