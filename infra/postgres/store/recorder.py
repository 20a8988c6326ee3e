"""The library's port for appends, over our store: what its conformance tests go through."""

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
from infra.postgres.store.positioning import PreparedAppend, Seal
from infra.postgres.store.store import PostgresStore
from infra.postgres.store.streams import StreamReader

_SOURCE = "/eventsourcing"


@dataclass(frozen=True, slots=True)
class _BareEvent:
    """The little that a bare `StoredEvent` says, with an id and a time of ours."""

    id: UUID
    type: str
    time: datetime


class PostgresRecorder(StreamReader):
    """Bare stored events: each stream is its own owner, and its versions are as given."""

    def __init__(self, pool: ConnectionPool, store: PostgresStore, owners: PostgresOwners) -> None:
        super().__init__(pool)
        self._store, self._owners = store, owners

    def insert_events(self, stored_events: Sequence[StoredEvent], **_: Any) -> None:
        """Raises the library's IntegrityError, and stores nothing, where a version is taken."""
        streams = [
            (stream, list(events))
            for stream, events in groupby(stored_events, lambda e: str(e.originator_id))
        ]
        for _stream, run in streams:
            versions = [e.originator_version for e in run]
            if versions != list(range(versions[0], versions[0] + len(versions))):
                raise IntegrityError("versions of a stream follow each other")
        made = [self._prepared(stream, events) for stream, events in streams]
        for answer in self._store.append_prepared(made):
            if isinstance(answer, Refusal) or answer.duplicate:
                raise IntegrityError(str(answer))

    def _prepared(self, stream: str, events: Sequence[StoredEvent]) -> PreparedAppend:
        key = self._owners.keys([stream], mint=True)[stream]
        made: list[_BareEvent] = []
        seals: list[Seal] = []
        for stored in events:
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
            made.append(event)
            seals.append((envelope, key.digest(stored.state)))
        return PreparedAppend(
            stream=stream,
            expected=events[0].originator_version - 1,
            owner=stream,
            partition=partition_of(stream, self._store.partitions),
            events=made,
            make_seals=lambda: seals,
            needs=set(),
            consent=[],
        )
