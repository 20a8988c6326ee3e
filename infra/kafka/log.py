"""The log in Kafka."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta

import msgspec
from psycopg_pool import ConnectionPool

from consumers.ports.log import Undecodable
from domain.event import Data, Position, Recorded
from domain.parked.events import EventDropped
from domain.partition import partition_of
from infra import codec
from infra.kafka.cluster import Cluster
from infra.kafka.reader import RecordReader
from infra.kafka.records import NumberedRecord, milliseconds
from infra.keys import OwnerKey
from infra.postgres.store.leases import PostgresSubscription


class KafkaLog:
    """The port `Log`, for one thread.

    Membership and epochs are leases in the database of `pool` (docs/adr/0010-kafka.md).
    """

    def __init__(
        self,
        cluster: Cluster,
        pool: ConnectionPool,
        keys: Callable[[Collection[str]], Mapping[str, OwnerKey]],
        session: timedelta = timedelta(seconds=10),
    ) -> None:
        self._reader, self._partitions = RecordReader(cluster), cluster.partitions
        self._pool, self._keys, self._session = pool, keys, session

    def close(self) -> None:
        self._reader.close()

    def heads(self) -> Mapping[int, int]:
        return self._reader.heads()

    def bounds(self) -> Mapping[int, int]:
        return self._reader.bounds()

    def read(self, partition: int, after: int, limit: int) -> list[Recorded[Data] | Undecodable]:
        return self._decode(partition, self._reader.page(partition, after, limit))

    def events_of(self, owner: str) -> list[Recorded[Data] | Undecodable]:
        partition = partition_of(owner, self._partitions)
        records = [r for r in self._reader.all_records(partition) if r.owner == owner]
        return self._decode(partition, records)

    def dropped_events(self, view: str) -> dict[int, set[tuple[int, str | None]]]:
        dropped: dict[int, set[tuple[int, str | None]]] = {}
        for partition in self.heads():
            for record in self._reader.all_records(partition):
                if record.type != "view.event-dropped.v1":
                    continue
                data = codec.decode(record.envelope, lambda _: None).data
                if isinstance(data, EventDropped) and data.view == view:
                    dropped.setdefault(partition, set()).add((data.number, data.key))
        return dropped

    def offset(self, partition: int, number: int) -> int:
        """The offset after an event's record; if it was not read just now, a smaller one."""
        return self._reader.offset(partition, number)

    def _decode(
        self, partition: int, records: Sequence[NumberedRecord]
    ) -> list[Recorded[Data] | Undecodable]:
        key_of = self._keys({record.owner for record in records}).get
        events: list[Recorded[Data] | Undecodable] = []
        for record in records:
            try:
                events.append(codec.decode(record.envelope, key_of))
            except (KeyError, ValueError, msgspec.MsgspecError) as error:
                position = Position(record.incarnation, partition, record.number)
                # The error's message may contain a value, so only its class is reported.
                events.append(Undecodable(position, record.owner, type(error).__name__))
        return events

    def at(self, time: datetime) -> Mapping[int, int]:
        numbers = dict(self.heads())
        # Kafka's index of times has milliseconds; the exact event is found by reading on.
        for partition, offset in self._reader.offsets_at(milliseconds(time)).items():
            for record in self._reader.records_from(partition, offset):
                if codec.recorded_time(record.envelope) > time:
                    numbers[partition] = record.number - 1
                    break
        return numbers

    def subscribe(self, group: str, member: str) -> PostgresSubscription:
        return PostgresSubscription(self._pool, group, member, self._session)
