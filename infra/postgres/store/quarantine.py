"""Refused messages in PostgreSQL, sealed."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from uuid import UUID

import msgspec
from psycopg_pool import ConnectionPool

from consumers.ports.inbox import QuarantinedMessage, ReceivedMessage
from domain.errors import Refusal
from infra.keys import OwnerKey
from infra.postgres.keys.owners import PostgresOwners

_OWNER = "quarantine"
"""The owner whose key seals the messages: their customers are not known."""
_decode = msgspec.msgpack.Decoder(ReceivedMessage).decode


class PostgresQuarantine:
    """The port `Quarantine`."""

    def __init__(self, pool: ConnectionPool, owners: PostgresOwners) -> None:
        self._pool, self._owners = pool, owners

    def add(self, refused: Sequence[tuple[ReceivedMessage, Refusal]]) -> None:
        if not refused:
            return
        key = self._key()
        with self._pool.connection() as db, db.cursor() as cursor:
            cursor.executemany(
                "INSERT INTO store.quarantine VALUES (%s, %s, %s, %s, %s, %s) "
                "ON CONFLICT DO NOTHING",
                [
                    (id := _id(m, key), m.partition, m.offset, m.received, str(refusal),
                     _sealed(m, id, key))
                    for m, refusal in refused
                ],
            )  # fmt: skip

    def find(self, ids: Collection[UUID] | None = None) -> list[QuarantinedMessage]:
        with self._pool.connection() as db:
            rows: list[tuple[UUID, str, bytes]] = db.execute(
                "SELECT id, reason, sealed FROM store.quarantine "
                "WHERE %(ids)s::uuid[] IS NULL OR id = ANY(%(ids)s) "
                "ORDER BY received, partition, at_offset",
                {"ids": None if ids is None else list(ids)},
            ).fetchall()
        if not rows:
            return []
        key = self._key()
        return [
            QuarantinedMessage(id, reason, _decode(key.open(bytes(sealed), id.bytes)))
            for id, reason, sealed in rows
        ]

    def replace(self, id: UUID, message: ReceivedMessage, refusal: Refusal) -> None:
        sealed = _sealed(message, id, self._key())
        with self._pool.connection() as db:
            db.execute(
                "UPDATE store.quarantine SET reason = %s, sealed = %s WHERE id = %s",
                [str(refusal), sealed, id],
            )

    def remove(self, ids: Collection[UUID]) -> None:
        with self._pool.connection() as db:
            db.execute("DELETE FROM store.quarantine WHERE id = ANY(%s)", [list(ids)])

    def _key(self) -> OwnerKey:
        return self._owners.keys([_OWNER], mint=True)[_OWNER]


def _id(message: ReceivedMessage, key: OwnerKey) -> UUID:
    """The same id for the same message, whatever its partition, offset and time."""
    contents = msgspec.msgpack.encode([message.key, message.headers, message.value])
    return UUID(bytes=key.digest(contents)[:16])


def _sealed(message: ReceivedMessage, id: UUID, key: OwnerKey) -> bytes:
    return key.seal(msgspec.msgpack.encode(message), id.bytes)
