"""The log on one machine: the store's own table, read a partition at a time."""

from __future__ import annotations

import bisect
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial

import msgspec
from psycopg_pool import ConnectionPool

from consumers.ports.log import Assignment, Hole, ReaderAhead, Undecodable
from domain.event import Data, Position, Recorded
from domain.parked.events import EventDropped
from infra import codec
from infra.keys import OwnerKey


class PostgresLog:
    """The port `Log`. A member that is silent for `session` loses what it holds."""

    def __init__(
        self,
        pool: ConnectionPool,
        keys: Callable[[Collection[str]], Mapping[str, OwnerKey]],
        session: timedelta = timedelta(seconds=10),
    ) -> None:
        self._pool, self._keys, self._session = pool, keys, session

    def heads(self) -> Mapping[int, int]:
        with self._pool.connection() as db:
            return dict(db.execute("SELECT partition, last FROM store.partition_head").fetchall())

    def bounds(self) -> Mapping[int, int]:
        return self.heads()

    def read(self, partition: int, after: int, limit: int) -> list[Recorded[Data] | Undecodable]:
        with self._pool.connection() as db:
            rows = (
                db.cursor(binary=True)
                .execute(
                    "SELECT incarnation, number, owner, data FROM store.event "
                    "WHERE partition = %s AND number > %s ORDER BY number LIMIT %s",
                    [partition, after, limit],
                )
                .fetchall()
            )
        if not rows and (head := self.heads()[partition]) < after:
            raise ReaderAhead(partition, after, head)
        for expected, (_, number, _, _) in enumerate(rows, after + 1):
            if number != expected:
                raise Hole(partition, expected - 1, number)
        return self._decoded(partition, rows)

    def events_of(self, owner: str) -> list[Recorded[Data] | Undecodable]:
        with self._pool.connection() as db:
            found = db.execute("SELECT partition FROM store.owner WHERE owner = %s", [owner])
            if not (row := found.fetchone()):
                return []
            rows = (
                db.cursor(binary=True)
                .execute(
                    "SELECT incarnation, number, owner, data FROM store.event "
                    # An index on the owner would cost every append a tenth: docs/adr/0006.
                    "WHERE partition = %s AND owner = %s ORDER BY number",
                    [row[0], owner],
                )
                .fetchall()
            )
        return self._decoded(row[0], rows)

    def dropped_events(self, view: str) -> dict[int, set[tuple[int, str | None]]]:
        with self._pool.connection() as db:
            rows = (
                db.cursor(binary=True)
                .execute(
                    "SELECT partition, data FROM store.event "
                    "WHERE type = 'view.event-dropped.v1' ORDER BY partition, number"
                )
                .fetchall()
            )
        found: dict[int, set[tuple[int, str | None]]] = {}
        for partition, stored in rows:
            data = codec.decode(stored, lambda _: None).data
            if isinstance(data, EventDropped) and data.view == view:
                found.setdefault(partition, set()).add((data.number, data.key))
        return found

    def _decoded(
        self, partition: int, rows: Sequence[tuple[int, int, str, bytes]]
    ) -> list[Recorded[Data] | Undecodable]:
        key_of = self._keys({owner for _, _, owner, _ in rows}).get
        events: list[Recorded[Data] | Undecodable] = []
        for incarnation, number, owner, data in rows:
            try:
                events.append(codec.decode(data, key_of))
            except (KeyError, ValueError, msgspec.MsgspecError) as error:
                position = Position(incarnation, partition, number)
                # An error's words may hold a value, so only its kind is told.
                events.append(Undecodable(position, owner, type(error).__name__))
        return events

    def at(self, time: datetime) -> Mapping[int, int]:
        with self._pool.connection() as db:

            def recorded(partition: int, number: int) -> datetime:
                row = db.execute(
                    "SELECT recorded FROM store.event WHERE partition = %s AND number = %s",
                    [partition, number],
                ).fetchone()
                if row is None:
                    raise Hole(partition, number - 1, number + 1)
                return row[0]  # type: ignore[no-any-return]

            return {
                partition: bisect.bisect_right(
                    range(1, head + 1), time, key=partial(recorded, partition)
                )
                for partition, head in self.heads().items()
            }

    def subscribe(self, group: str, member: str) -> PostgresSubscription:
        return PostgresSubscription(self._pool, group, member, self._session)


class PostgresSubscription:
    """The port `Subscription`, on leases by the database's clock."""

    def __init__(self, pool: ConnectionPool, group: str, member: str, session: timedelta) -> None:
        self._pool, self._group, self._member, self._session = pool, group, member, session

    def poll(self) -> Assignment:
        with self._pool.connection() as db:
            rows = db.execute(
                "SELECT * FROM consumer.poll(%s, %s, %s)",
                [self._group, self._member, self._session],
            ).fetchall()
        return Assignment(dict(rows), self._session.total_seconds())

    def close(self) -> None:
        with self._pool.connection() as db:
            db.execute("SELECT consumer.leave(%s, %s)", [self._group, self._member])
