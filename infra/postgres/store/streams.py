"""Streams read by the library `eventsourcing`: its `EventStore` over the table `store.event`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec
from eventsourcing.persistence import AggregateRecorder, JSONTranscoder, Mapper, StoredEvent
from psycopg_pool import ConnectionPool

from domain.event import Data, Recorded
from infra import codec


class _BinaryData(msgspec.Struct):
    """Data that are not JSON are in the envelope's attribute `data_base64`, as in CloudEvents."""

    data_base64: bytes | None = None


_ASCENDING = """
SELECT version, type, data FROM store.event WHERE stream = %(stream)s
AND version > coalesce(%(gt)s::int, version - 1) AND version <= coalesce(%(lte)s::int, version)
ORDER BY version LIMIT %(limit)s::bigint
"""
_DESCENDING = _ASCENDING.replace("ORDER BY version", "ORDER BY version DESC")

_decode = msgspec.json.Decoder(_BinaryData).decode


class EnvelopeMapper(Mapper[Any]):
    """A decoder of envelopes. Events are appended through the port `Store`, not the library."""

    def __init__(self, key_of: codec.KeyOf) -> None:
        super().__init__(JSONTranscoder())
        self._key_of = key_of

    def to_domain_event(self, stored_event: StoredEvent) -> Recorded[Data]:  # type: ignore[override]
        return codec.decode(stored_event.state, self._key_of)


class StreamReader(AggregateRecorder):
    """A reader of streams; the subclass `PostgresRecorder` writes them too."""

    def __init__(self, pool: ConnectionPool) -> None:
        self._pool = pool

    def insert_events(self, stored_events: Sequence[StoredEvent], **_: Any) -> None:
        raise NotImplementedError("events are appended through the port Store")

    def select_events(
        self,
        originator_id: UUID | str,
        *,
        gt: int | None = None,
        lte: int | None = None,
        desc: bool = False,
        limit: int | None = None,
    ) -> list[StoredEvent]:
        query = _DESCENDING if desc else _ASCENDING
        values = {"stream": str(originator_id), "gt": gt, "lte": lte, "limit": limit}
        with self._pool.connection() as db:
            rows = db.cursor(binary=True).execute(query, values).fetchall()
        return [
            StoredEvent(originator_id, version, type, _state(envelope))
            for version, type, envelope in rows
        ]


def _state(envelope: bytes) -> bytes:
    binary = _decode(envelope).data_base64
    return envelope if binary is None else binary
