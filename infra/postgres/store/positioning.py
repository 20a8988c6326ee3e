"""One append transaction: locks, the checks that need them, positions, and the rows.

The order of the locks is in docs/adr/0002-position.md: it makes numbers gapless without deadlocks.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import psycopg

from consumers.ports.store import Appended
from domain.customer.events import ConsentGranted, ConsentWithdrawn
from domain.errors import ConsentMissing, ContentsDiffer, OwnerDiffers, Refusal, VersionConflict
from domain.event import Position
from domain.subject import is_subject
from domain.values import PURPOSES
from infra import codec
from infra.postgres.store.arrays import int4s, texts, uuids
from infra.postgres.store.prepared import PreparedAppend

COPY_FROM = 64
"""Appends in a batch from which COPY is faster than INSERT."""

_COLUMNS = (
    "incarnation, partition, number, owner, stream, version, id, type, time, recorded, digest, data"
)
COPY_TYPES = ["int4", "int4", "int8", "text", "text", "int4", "uuid", "text",
          "timestamptz", "timestamptz", "bytea", "bytea"]  # fmt: skip
_INSERT = f"INSERT INTO store.event ({_COLUMNS}) VALUES ({', '.join(['%s'] * 12)})"  # noqa: S608
# The condition is volatile, so that PostgreSQL inserts each row as it arrives. Otherwise a binary
# COPY begins to insert at the thousandth row or at the end, and the client waits for it.
COPY = f"COPY store.event ({_COLUMNS}) FROM STDIN (FORMAT BINARY) WHERE random() >= 0"

_OWNERS = (  # grouped, because most owners consent to the same: fewer rows to read
    "SELECT purposes, array_agg(owner) FROM (SELECT owner, purposes FROM store.owner "
    "WHERE owner = ANY(%%b) ORDER BY owner FOR %s SKIP LOCKED) o GROUP BY purposes"
)
_SHARE_OWNERS, _CHANGE_OWNERS = _OWNERS % "SHARE", _OWNERS % "NO KEY UPDATE"
_HEADS = (
    "SELECT partition, incarnation, last, last_time FROM store.partition_head "
    "WHERE partition = ANY(%b) ORDER BY partition FOR UPDATE"
)
_EXISTING = (
    "SELECT id, digest, incarnation, partition, number, version, recorded FROM store.event "
    "WHERE id = ANY(%b)"
)
_VERSIONS = (
    "SELECT s.stream, e.version FROM unnest(%b::text[]) AS s (stream), LATERAL ("
    "SELECT version FROM store.event WHERE event.stream = s.stream "
    "ORDER BY version DESC LIMIT 1) e"
)
_STREAMS = "SELECT stream, owner FROM store.stream WHERE stream = ANY(%b)"
_OPEN_STREAM = "INSERT INTO store.stream VALUES (%s, %s)"
_SET_PURPOSES = "UPDATE store.owner SET purposes = %s WHERE owner = %s"
_ADVANCE_HEADS = (
    "UPDATE store.partition_head SET last = new.last, last_time = %s FROM "
    "(SELECT unnest(%s::int[]) AS partition, unnest(%s::bigint[]) AS last) new "
    "WHERE partition_head.partition = new.partition"
)

ExistingEvent = tuple[bytes, Position, int, datetime]
"""The digest, position, version and recorded time that are stored under an id."""


@dataclass(slots=True)
class Positioning:
    """The state of one transaction, in which appends get their positions one after another.

    The fields begin as the database has them, and change with each append.
    """

    incarnation: int
    purposes: dict[str, set[str]]
    heads: dict[int, int]
    recorded: datetime
    existing: dict[UUID, ExistingEvent]
    versions: dict[str, int]
    stream_owners: dict[str, str]
    rows: list[tuple[Any, ...]] = field(default_factory=list)  # not sent yet
    advanced: set[int] = field(default_factory=set)  # partitions
    opened: dict[str, str] = field(default_factory=dict)  # stream → owner
    consented: set[str] = field(default_factory=set)  # owners whose purposes changed

    def assign(self, append: PreparedAppend) -> Appended | Refusal | None:
        """The positions of an append, or its refusal; None where its owner could not be locked."""
        stream, owner, expected = append.stream, append.owner, append.expected
        if owner not in self.purposes:
            return None
        existing = [self.existing[e.id] for e in append.events if e.id in self.existing]
        if existing:
            return self._repeat(append, existing)
        current = self.versions.get(stream)
        if expected is not None and expected != current and (current is not None or expected > 0):
            return VersionConflict(stream, expected, current or 0)
        if self.stream_owners.get(stream, owner) != owner:
            return OwnerDiffers(stream)
        if missing := append.needs - self.purposes[owner]:
            return ConsentMissing(owner, missing)
        return self._store(append, (expected or 0) if current is None else current)

    def _repeat(self, append: PreparedAppend, existing: list[ExistingEvent]) -> Appended | Refusal:
        """The first answer again, if the events are those that are stored under their ids."""
        digests = [digest for _, digest in append.seals()]
        if [digest for digest, *_ in existing] != digests:
            return ContentsDiffer()
        _, _, version, recorded = existing[-1]
        positions = tuple(position for _, position, *_ in existing)
        return Appended(positions, version, recorded, duplicate=True)

    def _store(self, append: PreparedAppend, version: int) -> Appended:
        """Make the rows of an append to a stream that has this version."""
        stream, owner, partition = append.stream, append.owner, append.partition
        positions = []
        for event, (envelope, digest) in zip(append.events, append.seals(), strict=True):
            version += 1
            self.heads[partition] += 1
            position = Position(self.incarnation, partition, self.heads[partition])
            data = codec.with_position(envelope, position, self.recorded, version)
            self.rows.append(
                (self.incarnation, partition, position.number, owner, stream, version,
                 event.id, event.type, event.time, self.recorded, digest, data)
            )  # fmt: skip
            self.existing[event.id] = digest, position, version, self.recorded
            positions.append(position)
        self.advanced.add(partition)
        if is_subject(stream):
            self.versions[stream] = version
            if stream not in self.stream_owners:
                self.stream_owners[stream] = self.opened[stream] = owner
        for consent in append.consent:
            apply_consent(self.purposes[owner], consent)
            self.consented.add(owner)
        return Appended(tuple(positions), version, self.recorded)


def lock(
    db: psycopg.Connection, batch: Sequence[PreparedAppend], now: Callable[[], datetime]
) -> Positioning:
    """Begin the transaction: lock owners, then heads, and read what the checks need."""
    changing = {a.owner for a in batch if a.consent}
    sharing = {a.owner for a in batch} - changing
    streams = sorted({a.stream for a in batch if a.has_versions})

    def query(statement: str, values: bytes) -> psycopg.Cursor[Any]:
        return db.cursor(binary=True).execute(statement, [values])

    with db.pipeline():
        db.execute("BEGIN")
        owners = [query(_SHARE_OWNERS, texts(sorted(sharing)))] if sharing else []
        owners += [query(_CHANGE_OWNERS, texts(sorted(changing)))] if changing else []
        heads = query(_HEADS, int4s(sorted({a.partition for a in batch})))
        existing = query(_EXISTING, uuids(event.id for a in batch for event in a.events))
        versions = query(_VERSIONS, texts(streams)) if streams else None
        stream_owners = query(_STREAMS, texts(streams)) if streams else None
        # Two thirds are sealed while the database works on this; the others while it copies.
        for append in batch[: len(batch) * 2 // 3]:
            append.seals()
    head_rows = heads.fetchall()
    return Positioning(
        incarnation=max((incarnation for _, incarnation, *_ in head_rows), default=0),
        purposes={o: set(p) for cursor in owners for p, names in cursor for o in names},
        heads={partition: last for partition, _, last, _ in head_rows},
        recorded=max([now(), *(time for *_, time in head_rows if time)]),
        existing={
            id: (digest, Position(incarnation, partition, number), version, recorded)
            for id, digest, incarnation, partition, number, version, recorded in existing
        },
        versions=dict(versions) if versions else {},
        stream_owners=dict(stream_owners) if stream_owners else {},
    )


def assign_positions(
    db: psycopg.Connection, positioning: Positioning, batch: Sequence[PreparedAppend]
) -> list[Appended | Refusal | None]:
    """The answer to each append. Rows of a large batch are copied while the next are made."""
    if len(batch) < COPY_FROM:
        return [positioning.assign(append) for append in batch]
    answers = []
    with db.cursor().copy(COPY) as copy:
        copy.set_types(COPY_TYPES)
        for append in batch:
            answers.append(positioning.assign(append))
            for row in positioning.rows:
                copy.write_row(row)
            positioning.rows.clear()
    return answers


def write(db: psycopg.Connection, positioning: Positioning) -> None:
    """Send the rows that are left, streams, purposes and heads, and commit."""
    with db.pipeline():
        cursor = db.cursor()
        if positioning.opened:
            cursor.executemany(_OPEN_STREAM, list(positioning.opened.items()))
        if positioning.consented:
            save_purposes(cursor, {o: positioning.purposes[o] for o in positioning.consented})
        if positioning.advanced:
            partitions = sorted(positioning.advanced)
            last = [positioning.heads[partition] for partition in partitions]
            cursor.execute(_ADVANCE_HEADS, [positioning.recorded, partitions, last])
        if positioning.rows:
            cursor.executemany(_INSERT, positioning.rows)
        db.execute("COMMIT")


def apply_consent(purposes: set[str], consent: ConsentGranted | ConsentWithdrawn) -> None:
    """Add the granted purposes, or remove those withdrawn."""
    change = set.update if isinstance(consent, ConsentGranted) else set.difference_update
    change(purposes, consent.purposes)


def save_purposes(cursor: psycopg.Cursor[Any], purposes: Mapping[str, set[str]]) -> None:
    """Write the purposes that each owner consents to now."""
    cursor.executemany(
        _SET_PURPOSES,
        [([p for p in PURPOSES if p in now], owner) for owner, now in purposes.items()],
    )
