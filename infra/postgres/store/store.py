"""The store in PostgreSQL: appends are prepared in the caller's thread, and gathered."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from uuid import UUID

import psycopg
from eventsourcing.persistence import EventStore
from psycopg_pool import ConnectionPool

from consumers.ports.log import StoreBehind
from consumers.ports.store import Appended, StreamAppend
from domain.customer.events import ConsentGranted, ConsentWithdrawn
from domain.errors import KeyLost, OwnerDiffers, Refusal
from domain.event import Data, Recorded, purpose_of
from domain.partition import partition_of
from domain.subject import is_subject
from infra import codec
from infra.keys import OwnerKey
from infra.postgres.keys.owners import PostgresOwners
from infra.postgres.store import positioning
from infra.postgres.store.facts import append_facts
from infra.postgres.store.gather import Gatherer
from infra.postgres.store.positioning import COPY_FROM
from infra.postgres.store.prepared import PreparedAppend, Seal
from infra.postgres.store.streams import EnvelopeMapper, StreamReader


class PostgresStore:
    """The port `Store`. `now` is the clock that recorded times are taken from."""

    def __init__(
        self,
        pool: ConnectionPool,
        owners: PostgresOwners,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._pool, self._owners, self._now = pool, owners, now
        self._streams = EventStore(EnvelopeMapper(owners.key_of), StreamReader(pool))
        with pool.connection() as db:
            row = db.execute("SELECT partitions FROM store.deployment").fetchone()
        assert row is not None
        self.partitions: int = row[0]
        self._db: psycopg.Connection | None = None
        self._gatherer = Gatherer(self._transact)

    def close(self) -> None:
        if self._db:
            self._pool.putconn(self._db)

    def append(self, appends: Sequence[StreamAppend]) -> list[Appended | Refusal]:
        return self.append_prepared(self._prepare(appends))

    def append_prepared(
        self, appends: Sequence[PreparedAppend | Refusal]
    ) -> list[Appended | Refusal]:
        """The answers to prepared appends; a refusal among them is its own answer."""
        prepared = {i: a for i, a in enumerate(appends) if isinstance(a, PreparedAppend)}
        if len(prepared) < COPY_FROM:  # larger batches are sealed in their transaction: see ADR 2
            for append in prepared.values():
                append.seals()
        answers: dict[int, Appended | Refusal] = self._gatherer.append(prepared)
        return [a if isinstance(a, Refusal) else answers[i] for i, a in enumerate(appends)]

    def read_stream(self, stream: str, after: int = 0) -> list[Recorded[Data]]:
        return list(self._streams.get(stream, gt=after))  # type: ignore[arg-type]

    def owners(self, streams: Collection[str]) -> Mapping[str, str]:
        with self._pool.connection() as db:
            rows = db.execute(
                "SELECT stream, owner FROM store.stream WHERE stream = ANY(%s)", [list(streams)]
            ).fetchall()
        return dict(rows)

    def stored_ids(self, ids: Collection[UUID]) -> set[UUID]:
        with self._pool.connection() as db:
            rows = db.execute("SELECT id FROM store.event WHERE id = ANY(%s)", [list(ids)])
            return {id for (id,) in rows}

    def _prepare(self, appends: Sequence[StreamAppend]) -> list[PreparedAppend | Refusal]:
        """Prepared appends, and refusals of those whose stream has another owner or whose owner's
        key is lost."""
        subjects = {a.stream for a in appends if is_subject(a.stream)}
        stream_owners = self.owners(subjects) if subjects else {}
        keys = self._owners.keys({append.owner for append in appends}, mint=True)
        prepared: list[PreparedAppend | Refusal] = []
        for append in appends:
            if stream_owners.get(append.stream, append.owner) != append.owner:
                prepared.append(OwnerDiffers(append.stream))
            elif key := keys.get(append.owner):
                prepared.append(self._prepared(append, key))
            else:
                prepared.append(KeyLost(append.owner))
        return prepared

    def _prepared(self, append: StreamAppend, key: OwnerKey) -> PreparedAppend:
        needs: set[str] = set()
        consent: list[ConsentGranted | ConsentWithdrawn] = []
        for event in append.events:
            if event.customerid and (purpose := purpose_of(event.type)):
                needs.add(purpose)
            if isinstance(event.data, ConsentGranted | ConsentWithdrawn):
                consent.append(event.data)
        return PreparedAppend(
            append.stream,
            append.expected,
            append.owner,
            partition_of(append.owner, self.partitions),
            append.events,
            partial(_seals, append, key),
            needs,
            consent,
        )

    def _transact(self, batch: Sequence[PreparedAppend]) -> Sequence[Appended | Refusal | None]:
        """Run one transaction; None for an append whose owner another transaction has locked.

        Only one runs at a time, on one connection for as long as that works.
        """
        db = self._db = self._db or self._pool.getconn()
        try:
            if facts := append_facts(db, batch, self._now):
                return facts
            locked = positioning.lock(db, batch, self._now)
            answers = positioning.assign_positions(db, locked, batch)
            positioning.write(db, locked)
        except BaseException as error:
            self._db = None
            self._pool.putconn(db)  # which rolls back, or discards a broken connection
            if isinstance(error, psycopg.OperationalError):
                self._owners.forget()  # the database may come back as an older backup
            if isinstance(error, psycopg.errors.CheckViolation):
                raise StoreBehind from None
            raise
        return answers


def _seals(append: StreamAppend, key: OwnerKey) -> list[Seal]:
    """The sealed envelope and the digest of each event of an append."""
    sealed = [codec.encode(event, key) for event in append.events]
    if append.fingerprint is None:
        return [(envelope, key.digest(plain)) for envelope, plain in sealed]
    digest = key.digest(append.fingerprint)
    return [(envelope, digest) for envelope, _ in sealed]
