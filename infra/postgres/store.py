"""The store in PostgreSQL: appends of many callers gathered into one transaction.

See docs/adr/0002-position.md for the order of locks, which is what makes numbers gapless.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol
from uuid import UUID

import psycopg
from eventsourcing.persistence import EventStore
from psycopg_pool import ConnectionPool

from consumers.ports import Appended, StreamAppend
from domain.customer.consent import PURPOSES, purpose_of
from domain.customer.events import ConsentGranted, ConsentWithdrawn
from domain.errors import ConsentMissing, ContentsDiffer, OwnerDiffers, Refusal, VersionConflict
from domain.event import Data, Position, Recorded
from domain.partition import partition_of
from infra import codec
from infra.postgres.owners import PostgresOwners
from infra.postgres.streams import EnvelopeMapper, StreamReader

GATHERERS = 2
"""Connections that append side by side; more only wait for each other's partitions."""
_GATHERED_MOST = 1_000
_COPY_FROM = 64
_PATIENCE = 3  # rounds in which an append may find its owner locked before it waits in line

_COLUMNS = (
    "incarnation, partition, number, owner, stream, version, id, type, time, recorded, digest, data"
)
_TYPES = ["int4", "int4", "int8", "text", "text", "int4", "uuid", "text",
          "timestamptz", "timestamptz", "bytea", "bytea"]  # fmt: skip
_INSERT = f"INSERT INTO store.event ({_COLUMNS}) VALUES ({', '.join(['%s'] * 12)})"  # noqa: S608
_COPY = f"COPY store.event ({_COLUMNS}) FROM STDIN (FORMAT BINARY)"

_SHARE = "SELECT owner, purposes FROM store.owner WHERE owner = ANY(%b) ORDER BY owner FOR SHARE"
_CHANGE = (
    "SELECT owner, purposes FROM store.owner WHERE owner = ANY(%b) ORDER BY owner FOR NO KEY UPDATE"
)
_HEADS = (
    "SELECT partition, last, last_time FROM store.partition_head "
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


@dataclass(slots=True)
class Sealed:
    """An append made ready outside the transaction: only its numbers are missing."""

    stream: str
    expected: int | None
    owner: str
    partition: int
    events: Sequence[tuple[Named, bytes, bytes]]  # event, envelope, digest
    needs: frozenset[str]
    consent: list[ConsentGranted | ConsentWithdrawn]
    waits: int = 0

    @property
    def versioned(self) -> bool:
        """A fact without an expected version is a stream of its own: its id is check enough."""
        return "/" in self.stream or self.expected is not None


_Job = tuple[Sealed, "Future[Appended | Refusal]"]


class PostgresStore:
    """The port `Store`. `now` is the door's clock."""

    def __init__(
        self,
        pool: ConnectionPool,
        owners: PostgresOwners,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._pool, self._owners, self._now = pool, owners, now
        self._reading = EventStore(EnvelopeMapper(owners.key_of), StreamReader(pool))
        with pool.connection() as db:
            row = db.execute("SELECT partitions, incarnation FROM store.deployment").fetchone()
        assert row is not None
        self.partitions, self.incarnation = row
        self._jobs: queue.SimpleQueue[list[_Job] | None] = queue.SimpleQueue()
        self._threads = [
            threading.Thread(target=self._gather, name=f"gatherer-{i}", daemon=True)
            for i in range(GATHERERS)
        ]
        for thread in self._threads:
            thread.start()

    def close(self) -> None:
        for _ in self._threads:
            self._jobs.put(None)
        for thread in self._threads:
            thread.join()

    def append(self, appends: Sequence[StreamAppend]) -> list[Appended | Refusal]:
        return self.append_sealed(self._seal(appends))

    def append_sealed(self, appends: Sequence[Sealed | Refusal]) -> list[Appended | Refusal]:
        """Appends what is encoded and sealed already; a refusal among it stays one."""
        answers: list[Future[Appended | Refusal]] = []
        jobs: list[_Job] = []
        for sealed in appends:
            answer: Future[Appended | Refusal] = Future()
            answers.append(answer)
            if isinstance(sealed, Refusal):
                answer.set_result(sealed)
            else:
                jobs.append((sealed, answer))
        if jobs:
            self._jobs.put(jobs)
        return [answer.result() for answer in answers]

    def read_stream(self, stream: str) -> list[Recorded[Data]]:
        return list(self._reading.get(stream))  # type: ignore[arg-type]

    def owners(self, streams: Collection[str]) -> Mapping[str, str]:
        with self._pool.connection() as db:
            rows = db.execute(
                "SELECT stream, owner FROM store.stream WHERE stream = ANY(%s)", [list(streams)]
            ).fetchall()
        return dict(rows)

    def known(self, ids: Collection[UUID]) -> set[UUID]:
        with self._pool.connection() as db:
            rows = db.execute("SELECT id FROM store.event WHERE id = ANY(%s)", [list(ids)])
            return {id for (id,) in rows}

    def _seal(self, appends: Sequence[StreamAppend]) -> list[Sealed | Refusal]:
        """Everything that needs no lock, done in the caller's thread."""
        named = {a.stream for a in appends if "/" in a.stream}
        open_streams = self.owners(named) if named else {}
        keys = self._owners.keys({a.owner for a in appends}, mint=True)
        made: list[Sealed | Refusal] = []
        for append in appends:
            owner, stream = append.owner, append.stream
            if open_streams.get(stream, owner) != owner:
                made.append(OwnerDiffers(stream))
                continue
            key = keys[owner]
            said = key.digest(append.said) if append.said is not None else None
            purposes = (purpose_of(event.type) for event in append.events)
            made.append(
                Sealed(
                    stream,
                    append.expected,
                    owner,
                    partition_of(owner, self.partitions),
                    [
                        (e, codec.encode(e, key), said or key.digest(codec.contents(e)))
                        for e in append.events
                    ],
                    # Where there is no customer there is nobody to ask.
                    needs=frozenset(p for p in purposes if p)
                    if append.events[0].customerid
                    else frozenset(),
                    consent=[
                        e.data
                        for e in append.events
                        if isinstance(e.data, ConsentGranted | ConsentWithdrawn)
                    ],
                )
            )
        return made

    def _gather(self) -> None:
        """Takes whatever has arrived into one transaction, again and again."""
        while (jobs := self._jobs.get()) is not None:
            batch = list(jobs)
            while len(batch) < _GATHERED_MOST:
                try:
                    more = self._jobs.get_nowait()
                except queue.Empty:
                    break
                if more is None:
                    self._jobs.put(None)
                    break
                batch += more
            self._settle(batch)

    def _settle(self, batch: list[_Job]) -> None:
        """Answers every job of a batch, or hands it on to the next one."""
        try:
            answers = self._transact([sealed for sealed, _ in batch])
        except psycopg.errors.UniqueViolation:
            # Another door was first with a stream or an id: apart, each sees what it met.
            if len(batch) == 1 and batch[0][0].waits > _PATIENCE:
                batch[0][1].set_exception(AssertionError("an append that cannot be placed"))
                return
            for sealed, answer in batch:
                sealed.waits += 1
                self._settle([(sealed, answer)])
            return
        except Exception as error:
            for _, answer in batch:
                answer.set_exception(error)
            return
        for (sealed, future), given in zip(batch, answers, strict=True):
            if given is None:
                sealed.waits += 1
                self._jobs.put([(sealed, future)])
            else:
                future.set_result(given)

    def _transact(self, batch: Sequence[Sealed]) -> list[Appended | Refusal | None]:
        """One transaction; None for an append whose owner is being changed elsewhere."""
        with self._pool.connection() as db:
            try:
                placing = self._lock(db, batch)
                answers = [placing.place(sealed) for sealed in batch]
                self._write(db, placing)
            except BaseException:
                if not db.closed:
                    db.rollback()
                raise
        return answers

    def _lock(self, db: psycopg.Connection, batch: Sequence[Sealed]) -> _Placing:
        """Owners, then heads, each in sorted order; under the heads, what is known already."""
        skip = "" if any(s.waits > _PATIENCE for s in batch) else " SKIP LOCKED"
        changed = {s.owner for s in batch if s.consent}
        shared = {s.owner for s in batch} - changed
        named = sorted({s.stream for s in batch if s.versioned})

        def ask(query: str, values: Collection[Any]) -> psycopg.Cursor[Any]:
            return db.cursor(binary=True).execute(query, [list(values)])

        with db.pipeline():
            db.execute("BEGIN")
            owners = [ask(_SHARE + skip, sorted(shared))] if shared else []
            owners += [ask(_CHANGE + skip, sorted(changed))] if changed else []
            heads = ask(_HEADS, sorted({s.partition for s in batch}))
            known = ask(_KNOWN, [event.id for s in batch for event, _, _ in s.events])
            versions = ask(_VERSIONS, named) if named else None
            streams = ask(_STREAMS, named) if named else None
        at_heads = heads.fetchall()
        return _Placing(
            self.incarnation,
            purposes={owner: set(p) for cursor in owners for owner, p in cursor},
            heads={partition: last for partition, last, _ in at_heads},
            recorded=max([self._now(), *(time for _, _, time in at_heads if time)]),
            known={
                id: _Known(digest, Position(incarnation, partition, number), version, recorded)
                for id, digest, incarnation, partition, number, version, recorded in known
            },
            versions=dict(versions) if versions else {},
            streams=dict(streams) if streams else {},
        )

    def _write(self, db: psycopg.Connection, placing: _Placing) -> None:
        many = len(placing.rows) >= _COPY_FROM
        if many:
            with db.cursor().copy(_COPY) as copy:
                copy.set_types(_TYPES)
                for row in placing.rows:
                    copy.write_row(row)
        with db.pipeline():
            cursor = db.cursor()
            if placing.opened:
                cursor.executemany(_OPEN, list(placing.opened.items()))
            for owner in placing.consented:
                now = [p for p in PURPOSES if p in placing.purposes[owner]]
                cursor.execute(_CONSENT, [now, owner])
            if placing.rows:
                moved = sorted({row[1] for row in placing.rows})
                last = [placing.heads[partition] for partition in moved]
                cursor.execute(_ADVANCE, [placing.recorded, moved, last])
                if not many:
                    cursor.executemany(_INSERT, placing.rows)
            db.execute("COMMIT")


@dataclass(frozen=True, slots=True)
class _Known:
    digest: bytes
    position: Position
    version: int
    recorded: datetime


@dataclass(slots=True)
class _Placing:
    """Gives places to appends, one after another, under the locks of their transaction."""

    incarnation: int
    purposes: dict[str, set[str]]
    heads: dict[int, int]
    recorded: datetime
    known: dict[UUID, _Known]
    versions: dict[str, int]
    streams: dict[str, str]
    rows: list[tuple[Any, ...]] = field(default_factory=list)
    opened: dict[str, str] = field(default_factory=dict)
    consented: set[str] = field(default_factory=set)

    def place(self, sealed: Sealed) -> Appended | Refusal | None:
        stream, owner, expected = sealed.stream, sealed.owner, sealed.expected
        if owner not in self.purposes:
            return None
        if said := [self.known[e.id] for e, _, _ in sealed.events if e.id in self.known]:
            return self._again(sealed, said)
        current = self.versions.get(stream)
        if expected is not None and expected != current and (current is not None or expected > 0):
            return VersionConflict(stream, expected, current or 0)
        if self.streams.get(stream, owner) != owner:
            return OwnerDiffers(stream)
        if missing := sealed.needs - self.purposes[owner]:
            return ConsentMissing(owner, missing)
        return self._store(sealed, (expected or 0) if current is None else current)

    def _again(self, sealed: Sealed, said: list[_Known]) -> Appended | Refusal:
        digests = [digest for _, _, digest in sealed.events]
        if [known.digest for known in said] != digests:
            return ContentsDiffer()
        last = said[-1]
        places = tuple(known.position for known in said)
        return Appended(places, last.version, last.recorded, known=True)

    def _store(self, sealed: Sealed, version: int) -> Appended:
        stream, owner, partition = sealed.stream, sealed.owner, sealed.partition
        places = []
        for event, envelope, digest in sealed.events:
            version += 1
            self.heads[partition] += 1
            position = Position(self.incarnation, partition, self.heads[partition])
            data = codec.place(envelope, position, self.recorded, version)
            self.rows.append(
                (self.incarnation, partition, position.number, owner, stream, version,
                 event.id, event.type, event.time, self.recorded, digest, data)
            )  # fmt: skip
            self.known[event.id] = _Known(digest, position, version, self.recorded)
            places.append(position)
        if "/" in stream:
            self.versions[stream] = version
            if stream not in self.streams:
                self.streams[stream] = self.opened[stream] = owner
        for consent in sealed.consent:
            self._consent(owner, consent)
        return Appended(tuple(places), version, self.recorded)

    def _consent(self, owner: str, data: ConsentGranted | ConsentWithdrawn) -> None:
        change = set.update if isinstance(data, ConsentGranted) else set.difference_update
        change(self.purposes[owner], data.purposes)
        self.consented.add(owner)
