"""The log without Kafka: the store's own table, read partition by partition."""

from __future__ import annotations

import bisect
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import msgspec
from psycopg_pool import ConnectionPool

from consumers.ports.log import Hole, ReaderAhead, Undecodable
from domain.event import Data, Position, Recorded
from domain.parked.events import EventDropped
from infra import codec
from infra.keys import OwnerKey
from infra.postgres.store.leases import PostgresSubscription

_EVENTS = "SELECT incarnation, number, owner, data FROM store.event WHERE "


class PostgresLog:
    """The port `Log`. A member that does not poll for `session` loses its partitions."""

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
        rows = self._rows(
            _EVENTS + "partition = %s AND number > %s ORDER BY number LIMIT %s",
            partition, after, limit,
        )  # fmt: skip
        if not rows and (head := self.heads()[partition]) < after:
            raise ReaderAhead(partition, after, head)
        for expected, (_, number, _, _) in enumerate(rows, after + 1):
            if number != expected:
                raise Hole(partition, expected - 1, number)
        return self._decode(partition, rows)

    def events_of(self, owner: str) -> list[Recorded[Data] | Undecodable]:
        partitions = self._rows("SELECT partition FROM store.owner WHERE owner = %s", owner)
        if not partitions:
            return []
        [(partition,)] = partitions
        # An index on the owner would cost every append a tenth: docs/adr/0006-rebuild.md.
        rows = self._rows(
            _EVENTS + "partition = %s AND owner = %s ORDER BY number", partition, owner
        )
        return self._decode(partition, rows)

    def dropped_events(self, view: str) -> dict[int, set[tuple[int, str | None]]]:
        rows = self._rows(
            "SELECT partition, data FROM store.event "
            "WHERE type = 'view.event-dropped.v1' ORDER BY partition, number"
        )
        dropped: dict[int, set[tuple[int, str | None]]] = {}
        for partition, envelope in rows:
            data = codec.decode(envelope, lambda _: None).data
            if isinstance(data, EventDropped) and data.view == view:
                dropped.setdefault(partition, set()).add((data.number, data.key))
        return dropped

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

    def _rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        with self._pool.connection() as db:
            return db.cursor(binary=True).execute(query.encode(), values).fetchall()

    def _decode(
        self, partition: int, rows: Sequence[tuple[Any, ...]]
    ) -> list[Recorded[Data] | Undecodable]:
        key_of = self._keys({owner for _, _, owner, _ in rows}).get
        events: list[Recorded[Data] | Undecodable] = []
        for incarnation, number, owner, envelope in rows:
            try:
                events.append(codec.decode(envelope, key_of))
            except (KeyError, ValueError, msgspec.MsgspecError) as error:
                position = Position(incarnation, partition, number)
                # The error's message may contain a value, so only its class is reported.
                events.append(Undecodable(position, owner, type(error).__name__))
        return events
