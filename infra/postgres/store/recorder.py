"""The library's port for appends, over our store; the library's conformance tests use it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from typing import Any
from uuid import UUID, uuid5

import msgspec
from eventsourcing.persistence import IntegrityError, StoredEvent
from psycopg_pool import ConnectionPool

from domain.errors import Refusal
from domain.event import NAMESPACE
from domain.partition import partition_of
from infra.postgres.keys.owners import PostgresOwners
from infra.postgres.store.prepared import PreparedAppend, Seal
from infra.postgres.store.store import PostgresStore
from infra.postgres.store.streams import StreamReader

_SOURCE = "/eventsourcing"


@dataclass(frozen=True, slots=True)
class _BareEvent:
    """The columns of a `StoredEvent`, which has no id and no time of its own."""

    id: UUID
    type: str
    time: datetime


class PostgresRecorder(StreamReader):
    """A recorder of the library's `StoredEvent`s, of which each stream is its own owner."""

    def __init__(self, pool: ConnectionPool, store: PostgresStore, owners: PostgresOwners) -> None:
        super().__init__(pool)
        self._store, self._owners = store, owners

    def insert_events(self, stored_events: Sequence[StoredEvent], **_: Any) -> None:
        """Store all events or none. Raises IntegrityError where a version exists already."""
        streams = [
            (stream, list(events))
            for stream, events in groupby(stored_events, lambda e: str(e.originator_id))
        ]
        for _stream, events in streams:
            versions = [e.originator_version for e in events]
            if versions != list(range(versions[0], versions[0] + len(versions))):
                raise IntegrityError("versions of a stream follow each other")
        appends = [self._prepare(stream, events) for stream, events in streams]
        for answer in self._store.append_prepared(appends):
            if isinstance(answer, Refusal) or answer.duplicate:
                raise IntegrityError(str(answer))

    def _prepare(self, stream: str, stored_events: Sequence[StoredEvent]) -> PreparedAppend:
        key = self._owners.keys([stream], mint=True)[stream]
        events: list[_BareEvent] = []
        seals: list[Seal] = []
        for stored in stored_events:
            event = _BareEvent(
                uuid5(NAMESPACE, f"{stream}/{stored.originator_version}"),
                stored.topic,
                datetime.now(UTC),
            )
            envelope = msgspec.json.encode(
                {
                    "specversion": "1.0",
                    "id": event.id,
                    "source": _SOURCE,
                    "type": event.type,
                    "subject": stream,
                    "time": event.time,
                    "data_base64": stored.state,
                }
            )
            events.append(event)
            seals.append((envelope, key.digest(stored.state)))
        return PreparedAppend(
            stream=stream,
            expected=stored_events[0].originator_version - 1,
            owner=stream,
            partition=partition_of(stream, self._store.partitions),
            events=events,
            make_seals=lambda: seals,
            needs=set(),
            consent=[],
        )
