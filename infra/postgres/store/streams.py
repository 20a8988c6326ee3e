"""Streams as the library `eventsourcing` reads them: its `EventStore` over our table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec
from eventsourcing.persistence import AggregateRecorder, JSONTranscoder, Mapper, StoredEvent
from psycopg_pool import ConnectionPool

from domain.event import Data, Recorded
from infra import codec


class Bare(msgspec.Struct):
    """What is not JSON stands in an envelope as CloudEvents' `data_base64`."""

    data_base64: bytes | None = None


_ASCENDING = """
SELECT version, type, data FROM store.event WHERE stream = %(stream)s
AND version > coalesce(%(gt)s::int, version - 1) AND version <= coalesce(%(lte)s::int, version)
ORDER BY version LIMIT %(limit)s::bigint
"""
_DESCENDING = _ASCENDING.replace("ORDER BY version", "ORDER BY version DESC")

_bare = msgspec.json.Decoder(Bare).decode


class EnvelopeMapper(Mapper[Any]):
    """Events from envelopes. Appending goes through the port `Store`, never through here."""

    def __init__(self, key_of: codec.KeyOf) -> None:
        super().__init__(JSONTranscoder())
        self._key_of = key_of

    def to_domain_event(self, stored_event: StoredEvent) -> Recorded[Data]:  # type: ignore[override]
        return codec.decode(stored_event.state, self._key_of)


class StreamReader(AggregateRecorder):
    """Reads streams; `PostgresRecorder` writes them too."""

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
        with self._pool.connection() as db:
            rows = (
                db.cursor(binary=True)
                .execute(
                    query,
                    {"stream": str(originator_id), "gt": gt, "lte": lte, "limit": limit},
                )
                .fetchall()
            )
        return [
            StoredEvent(originator_id, version, type, _state(data)) for version, type, data in rows
        ]


def _state(envelope: bytes) -> bytes:
    bare = _bare(envelope).data_base64
    return envelope if bare is None else bare
