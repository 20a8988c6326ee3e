"""The log in Kafka, through the port `Log`."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import datetime, timedelta

import msgspec
from psycopg_pool import ConnectionPool

from consumers.ports import Undecodable
from domain.event import Data, Position, Recorded
from infra import codec
from infra.kafka.cluster import Cluster
from infra.kafka.reader import Reader
from infra.kafka.records import milliseconds
from infra.keys import OwnerKey
from infra.postgres.log import PostgresSubscription


class KafkaLog:
    """The port `Log`; not for several threads.

    Membership and epochs are leases in the database (docs/adr/0008-kafka.md), in `pool`.
    """

    def __init__(
        self,
        cluster: Cluster,
        pool: ConnectionPool,
        keys: Callable[[Collection[str]], Mapping[str, OwnerKey]],
        session: timedelta = timedelta(seconds=10),
    ) -> None:
        self._reader = Reader(cluster)
        self._pool, self._keys, self._session = pool, keys, session

    def close(self) -> None:
        self._reader.close()

    def heads(self) -> Mapping[int, int]:
        return self._reader.heads()

    def behind(self, positions: Mapping[int, int]) -> Collection[int]:
        return self._reader.behind(positions)

    def read(self, partition: int, after: int, limit: int) -> list[Recorded[Data] | Undecodable]:
        page = self._reader.page(partition, after, limit)
        key_of = self._keys({record.owner for record in page}).get
        events: list[Recorded[Data] | Undecodable] = []
        for record in page:
            try:
                events.append(codec.decode(record.envelope, key_of))
            except (KeyError, ValueError, msgspec.MsgspecError) as error:
                position = Position(record.incarnation, partition, record.number)
                # An error's words may hold a value, so only its kind is told.
                events.append(Undecodable(position, record.owner, type(error).__name__))
        return events

    def at(self, time: datetime) -> Mapping[int, int]:
        found = dict(self.heads())
        # Kafka knows milliseconds; the rest of the way is read.
        for partition, offset in self._reader.offsets(milliseconds(time)).items():
            for record in self._reader.since(partition, offset):
                if codec.recorded(record.envelope) > time:
                    found[partition] = record.number - 1
                    break
        return found

    def subscribe(self, group: str, member: str) -> PostgresSubscription:
        return PostgresSubscription(self._pool, group, member, self._session)
