"""One append transaction: what is locked, what is asked under the locks, where each event goes.

The order of locks, which makes numbers gapless without a deadlock, is in docs/adr/0002-position.md.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol
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

COPY_FROM = 64  # rows from which COPY is faster
_COLUMNS = (
    "incarnation, partition, number, owner, stream, version, id, type, time, recorded, digest, data"
)
TYPES = ["int4", "int4", "int8", "text", "text", "int4", "uuid", "text",
          "timestamptz", "timestamptz", "bytea", "bytea"]  # fmt: skip
_INSERT = f"INSERT INTO store.event ({_COLUMNS}) VALUES ({', '.join(['%s'] * 12)})"  # noqa: S608
# A condition that is no constant makes PostgreSQL insert each row as it arrives. Otherwise a binary
# COPY waits for a thousand rows or the end, and we for it.
COPY = f"COPY store.event ({_COLUMNS}) FROM STDIN (FORMAT BINARY) WHERE random() >= 0"

_OWNERS = (  # most owners consent to the same: a row for all of them costs less to read
    "SELECT purposes, array_agg(owner) FROM (SELECT owner, purposes FROM store.owner "
    "WHERE owner = ANY(%%b) ORDER BY owner FOR %s SKIP LOCKED) o GROUP BY purposes"
)
_SHARE, _CHANGE = _OWNERS % "SHARE", _OWNERS % "NO KEY UPDATE"
_HEADS = (
    "SELECT partition, incarnation, last, last_time FROM store.partition_head "
    "WHERE partition = ANY(%b) ORDER BY partition FOR UPDATE"
)
_KNOWN = (
    "SELECT id, digest, incarnation, partition, number, version, recorded FROM store.event "
    "WHERE id = ANY(%b)"
)
_VERSIONS = (
    "SELECT s.stream, e.version FROM unnest(%b::text[]) AS s (stream), LATERAL ("
    "SELECT version FROM store.event WHERE event.stream = s.stream "
    "ORDER BY version DESC LIMIT 1) e"
)
_STREAMS = "SELECT stream, owner FROM store.stream WHERE stream = ANY(%b)"
_OPEN = "INSERT INTO store.stream VALUES (%s, %s)"
_CONSENT = "UPDATE store.owner SET purposes = %s WHERE owner = %s"
_ADVANCE = (
    "UPDATE store.partition_head SET last = new.last, last_time = %s FROM "
    "(SELECT unnest(%s::int[]) AS partition, unnest(%s::bigint[]) AS last) new "
    "WHERE partition_head.partition = new.partition"
)


class Named(Protocol):
    """What the columns of an event need to know of it."""

    @property
    def id(self) -> UUID: ...
    @property
    def type(self) -> str: ...
    @property
    def time(self) -> datetime: ...


Seal = tuple[bytes, bytes]
"""What is made of an event for the store: its envelope, sealed, and the digest of what was said."""


@dataclass(slots=True)
class PreparedAppend:
    """An append made ready outside the transaction: only its numbers are missing.

    Sealing needs no lock either, and most of the time: `make_seals` may wait until there is time.
    """

    stream: str
    expected: int | None
    owner: str
    partition: int
    events: Sequence[Named]
    make_seals: Callable[[], Sequence[Seal]]
    needs: set[str]  # purposes; without a customer there is nobody to ask
    consent: Sequence[ConsentGranted | ConsentWithdrawn]
    collisions: int = 0
    _seals: Sequence[Seal] = ()

    def seals(self) -> Sequence[Seal]:
        """Of each event; made once."""
        self._seals = self._seals or self.make_seals()
        return self._seals

    @property
    def versioned(self) -> bool:
        """A fact without an expected version is a stream of its own: its id is check enough."""
        return is_subject(self.stream) or self.expected is not None

    @property
    def lone(self) -> bool:
        """One fact: all that it needs is its owner's consent, and a number."""
        return len(self.events) == 1 and not self.versioned


Known = tuple[bytes, Position, int, datetime]
"""What is stored under an id: digest, place, version, recorded time."""


@dataclass(slots=True)
class Positioning:
    """Gives places to appends, one after another, under the locks of their transaction."""

    incarnation: int
    purposes: dict[str, set[str]]
    heads: dict[int, int]
    recorded: datetime
    known: dict[UUID, Known]
    versions: dict[str, int]
    streams: dict[str, str]
    rows: list[tuple[Any, ...]] = field(default_factory=list)  # not yet sent
    moved: set[int] = field(default_factory=set)  # heads
    opened: dict[str, str] = field(default_factory=dict)
    consented: set[str] = field(default_factory=set)

    def assign(self, append: PreparedAppend) -> Appended | Refusal | None:
        stream, owner, expected = append.stream, append.owner, append.expected
        if owner not in self.purposes:
            return None
        if said := [self.known[e.id] for e in append.events if e.id in self.known]:
            return self._again(append, said)
        current = self.versions.get(stream)
        if expected is not None and expected != current and (current is not None or expected > 0):
            return VersionConflict(stream, expected, current or 0)
        if self.streams.get(stream, owner) != owner:
            return OwnerDiffers(stream)
        if missing := append.needs - self.purposes[owner]:
            return ConsentMissing(owner, missing)
        return self._store(append, (expected or 0) if current is None else current)

    def _again(self, append: PreparedAppend, said: list[Known]) -> Appended | Refusal:
        digests = [digest for _, digest in append.seals()]
        if [digest for digest, *_ in said] != digests:
            return ContentsDiffer()
        _, _, version, recorded = said[-1]
        return Appended(tuple(place for _, place, *_ in said), version, recorded, duplicate=True)

    def _store(self, append: PreparedAppend, version: int) -> Appended:
        stream, owner, partition = append.stream, append.owner, append.partition
        places = []
        for event, (envelope, digest) in zip(append.events, append.seals(), strict=True):
            version += 1
            self.heads[partition] += 1
            position = Position(self.incarnation, partition, self.heads[partition])
            data = codec.with_position(envelope, position, self.recorded, version)
            self.rows.append(
                (self.incarnation, partition, position.number, owner, stream, version,
                 event.id, event.type, event.time, self.recorded, digest, data)
            )  # fmt: skip
            self.known[event.id] = digest, position, version, self.recorded
            places.append(position)
        self.moved.add(partition)
        if is_subject(stream):
            self.versions[stream] = version
            if stream not in self.streams:
                self.streams[stream] = self.opened[stream] = owner
        for consent in append.consent:
            say(consent, self.purposes[owner])
            self.consented.add(owner)
        return Appended(tuple(places), version, self.recorded)


def lock(
    db: psycopg.Connection, batch: Sequence[PreparedAppend], now: Callable[[], datetime]
) -> Positioning:
    """Owners, then heads, each in sorted order; under the heads, what is known already."""
    changed = {s.owner for s in batch if s.consent}
    shared = {s.owner for s in batch} - changed
    named = sorted({s.stream for s in batch if s.versioned})

    def ask(query: str, values: bytes) -> psycopg.Cursor[Any]:
        return db.cursor(binary=True).execute(query, [values])

    with db.pipeline():
        db.execute("BEGIN")
        owners = [ask(_SHARE, texts(sorted(shared)))] if shared else []
        owners += [ask(_CHANGE, texts(sorted(changed)))] if changed else []
        heads = ask(_HEADS, int4s(sorted({s.partition for s in batch})))
        known = ask(_KNOWN, uuids(event.id for s in batch for event in s.events))
        versions = ask(_VERSIONS, texts(named)) if named else None
        streams = ask(_STREAMS, texts(named)) if named else None
        for append in batch[: len(batch) * 2 // 3]:  # while the database locks and looks;
            append.seals()  # the others while it copies
    at_heads = heads.fetchall()
    return Positioning(
        incarnation=max((made for _, made, *_ in at_heads), default=0),
        purposes={o: set(p) for cursor in owners for p, found in cursor for o in found},
        heads={partition: last for partition, _, last, _ in at_heads},
        recorded=max([now(), *(time for *_, time in at_heads if time)]),
        known={
            id: (digest, Position(made, partition, number), version, recorded)
            for id, digest, made, partition, number, version, recorded in known
        },
        versions=dict(versions) if versions else {},
        streams=dict(streams) if streams else {},
    )


def assign_positions(
    db: psycopg.Connection, positioning: Positioning, batch: Sequence[PreparedAppend]
) -> list[Appended | Refusal | None]:
    """Gives places; rows of a large batch are on their way while the next are made."""
    if len(batch) < COPY_FROM:
        return [positioning.assign(append) for append in batch]
    answers = []
    with db.cursor().copy(COPY) as copy:
        copy.set_types(TYPES)
        for append in batch:
            answers.append(positioning.assign(append))
            for row in positioning.rows:
                copy.write_row(row)
            positioning.rows.clear()
    return answers


def say(consent: ConsentGranted | ConsentWithdrawn, purposes: set[str]) -> None:
    """Makes of what an owner consents to what it is after they have said so."""
    change = set.update if isinstance(consent, ConsentGranted) else set.difference_update
    change(purposes, consent.purposes)


def note(cursor: psycopg.Cursor[Any], purposes: Mapping[str, set[str]]) -> None:
    """Writes what owners consent to now."""
    cursor.executemany(
        _CONSENT,
        [([p for p in PURPOSES if p in now], owner) for owner, now in purposes.items()],
    )


def write(db: psycopg.Connection, positioning: Positioning) -> None:
    """What is left of the rows, streams, consent and heads, and the commit."""
    with db.pipeline():
        cursor = db.cursor()
        if positioning.opened:
            cursor.executemany(_OPEN, list(positioning.opened.items()))
        if positioning.consented:
            note(cursor, {owner: positioning.purposes[owner] for owner in positioning.consented})
        if positioning.moved:
            moved = sorted(positioning.moved)
            last = [positioning.heads[partition] for partition in moved]
            cursor.execute(_ADVANCE, [positioning.recorded, moved, last])
        if positioning.rows:
            cursor.executemany(_INSERT, positioning.rows)
        db.execute("COMMIT")
