"""The log on one machine: the store's own table, read a partition at a time."""

from __future__ import annotations

import bisect
from collections.abc import Callable, Collection, Mapping
from datetime import datetime, timedelta
from functools import partial

import msgspec
from psycopg_pool import ConnectionPool

from consumers.ports import Assignment, Hole, ReaderAhead, Undecodable
from domain.event import Data, Position, Recorded
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

    def behind(self, positions: Mapping[int, int]) -> Collection[int]:
        heads = self.heads()
        return [p for p, position in positions.items() if heads[p] != position]

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
        key_of = self._keys({owner for _, _, owner, _ in rows}).get
        events: list[Recorded[Data] | Undecodable] = []
        for expected, (incarnation, number, owner, data) in enumerate(rows, after + 1):
            if number != expected:
                raise Hole(partition, expected - 1, number)
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
        return Assignment(dict(rows))

    def close(self) -> None:
        with self._pool.connection() as db:
            db.execute("SELECT consumer.leave(%s, %s)", [self._group, self._member])
