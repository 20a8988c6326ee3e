"""The store in PostgreSQL: appends are made ready in the caller's thread, and gathered."""

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
from infra.postgres.store import facts, positioning
from infra.postgres.store.gather import Gatherer
from infra.postgres.store.positioning import COPY_FROM, PreparedAppend, Seal
from infra.postgres.store.streams import EnvelopeMapper, StreamReader


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
        """Appends what is ready for it; a refusal among it stays one."""
        ready = {i: a for i, a in enumerate(appends) if isinstance(a, PreparedAppend)}
        if len(ready) < COPY_FROM:  # more of them seal while their locks are taken: see ADR 2
            for append in ready.values():
                append.seals()
        answers: dict[int, Appended | Refusal] = self._gatherer.append(ready)
        return [a if isinstance(a, Refusal) else answers[i] for i, a in enumerate(appends)]

    def read_stream(self, stream: str, after: int = 0) -> list[Recorded[Data]]:
        return list(self._reading.get(stream, gt=after))  # type: ignore[arg-type]

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
        """What needs no lock, done in the caller's thread."""
        named = {a.stream for a in appends if is_subject(a.stream)}
        opened = self.owners(named) if named else {}
        owners = [append.owner for append in appends]
        keys = self._owners.keys(set(owners), mint=True)
        ready: list[PreparedAppend | Refusal] = []
        for append, owner in zip(appends, owners, strict=True):
            if opened.get(append.stream, owner) != owner:
                ready.append(OwnerDiffers(append.stream))
            elif key := keys.get(owner):
                ready.append(self._prepared(append, owner, key))
            else:
                ready.append(KeyLost(owner))
        return ready

    def _prepared(self, append: StreamAppend, owner: str, key: OwnerKey) -> PreparedAppend:
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
            owner,
            partition_of(owner, self.partitions),
            append.events,
            partial(_seals, append, key),
            needs,
            consent,
        )

    def _transact(self, batch: Sequence[PreparedAppend]) -> Sequence[Appended | Refusal | None]:
        """One transaction; None for an append whose owner is being changed elsewhere.

        One at a time, and always on the same connection while it is good.
        """
        db = self._db = self._db or self._pool.getconn()
        try:
            if stored := facts.append(db, batch, self._now):
                return stored
            locked = positioning.lock(db, batch, self._now)
            answers = positioning.assign_positions(db, locked, batch)
            positioning.write(db, locked)
        except BaseException as error:
            self._db = None
            self._pool.putconn(db)  # which rolls back, or throws a broken one away
            if isinstance(error, psycopg.OperationalError):
                self._owners.forget()  # an older database may be what answers next
            if isinstance(error, psycopg.errors.CheckViolation):
                raise StoreBehind from None
            raise
        return answers


def _seals(append: StreamAppend, key: OwnerKey) -> list[Seal]:
    sealed = [codec.encode(event, key) for event in append.events]
    if append.fingerprint is None:
        return [(envelope, key.digest(said)) for envelope, said in sealed]
    digest = key.digest(append.fingerprint)
    return [(envelope, digest) for envelope, _ in sealed]
