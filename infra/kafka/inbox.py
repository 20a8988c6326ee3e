"""The inbox: the topic that publishers send to, read by a consumer group of Kafka's own.

Kafka's group fences nothing here: of two members that receive the same message one stores it and
the other finds a duplicate. So the offset that Kafka keeps is enough (docs/adr/0011-inbox.md).
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import closing
from datetime import UTC, datetime
from typing import Any

from kafka import KafkaConsumer, TopicPartition
from kafka.coordinator.assignors.cooperative_sticky import CooperativeStickyAssignor
from kafka.errors import CommitFailedError, CorruptRecordError, KafkaError

from consumers.ports.inbox import ReceivedMessage
from consumers.ports.views import GroupLag
from infra.kafka.cluster import Cluster
from infra.kafka.errors import KafkaUnusable

GROUP = "intake"
"""Kafka's consumer group, behind the prefix of the topics. Offsets are committed under it."""

_POLL_MS = 200
_TIMEOUT_MS = 10_000
_SETTINGS: dict[str, Any] = {
    "auto_offset_reset": "earliest",
    "enable_auto_commit": False,
    "isolation_level": "read_committed",
    "allow_auto_create_topics": False,
    "metrics_enabled": False,
}


class KafkaInbox:
    """The port `InboxTopic`. A member that does not poll for `session_s` loses its partitions."""

    def __init__(self, cluster: Cluster, session_s: float) -> None:
        self._cluster = cluster
        try:
            self._consumer = KafkaConsumer(
                cluster.inbox,
                **cluster.connection(),
                **_SETTINGS,
                group_id=cluster.group(GROUP),
                partition_assignment_strategy=[CooperativeStickyAssignor],
                session_timeout_ms=int(session_s * 1000),
                heartbeat_interval_ms=int(session_s * 300),
                max_poll_records=1_000,
            )
        except KafkaError as error:
            raise cluster.unreachable(error) from error

    def close(self) -> None:
        self._consumer.close()

    def poll(self) -> list[ReceivedMessage]:
        try:
            polled = self._consumer.poll(timeout_ms=_POLL_MS)
        except CorruptRecordError:
            raise KafkaUnusable(
                f"a message in {self._cluster.inbox} cannot be read, nor those that were fetched "
                "with it: it is damaged, or the name of a header is not UTF-8. Move the group "
                f"{self._cluster.group(GROUP)} past it (kafka-consumer-groups.sh --reset-offsets)"
            ) from None
        except KafkaError as error:
            raise self._cluster.unreachable(error) from error
        return [_received(record) for records in polled.values() for record in records]

    def commit(self) -> None:
        try:
            self._consumer.commit(timeout_ms=_TIMEOUT_MS)
        except CommitFailedError:
            pass  # another member has the partition now, and will find duplicates
        except KafkaError as error:
            raise self._cluster.unreachable(error) from error


def _received(record: Any) -> ReceivedMessage:
    return ReceivedMessage(
        record.partition,
        record.offset,
        datetime.fromtimestamp(record.timestamp / 1000, UTC),
        record.key,
        tuple(record.headers),
        record.value,
    )


def inbox_lags(cluster: Cluster) -> list[GroupLag]:
    """How far the inbox's group is behind, in each partition of its topic."""
    try:
        with closing(
            KafkaConsumer(**cluster.connection(), **_SETTINGS, group_id=cluster.group(GROUP))
        ) as consumer:
            numbers = consumer.partitions_for_topic(cluster.inbox) or ()
            partitions = [TopicPartition(cluster.inbox, number) for number in sorted(numbers)]
            starts = consumer.beginning_offsets(partitions)
            ends = consumer.end_offsets(partitions)
            positions = {p: max(consumer.committed(p) or 0, starts[p]) for p in partitions}
            unread = {p: offset for p, offset in positions.items() if offset < ends[p]}
            oldest = _oldest_times(consumer, unread)
    except KafkaError as error:
        raise cluster.unreachable(error) from error
    now = time.time()
    return [
        GroupLag(
            group=GROUP,
            partition=p.partition,
            head=ends[p],
            position=positions[p],
            events=ends[p] - positions[p],
            seconds=max(0.0, now - oldest[p]) if p in oldest else 0.0,
            member=None,
            stopped=None,
        )
        for p in partitions
    ]


def _oldest_times(
    consumer: KafkaConsumer, offsets: Mapping[TopicPartition, int]
) -> dict[TopicPartition, float]:
    """When the record at each offset arrived, in seconds since 1970; without those that do not
    come in time."""
    consumer.assign(list(offsets))
    for partition, offset in offsets.items():
        consumer.seek(partition, offset)
    times: dict[TopicPartition, float] = {}
    deadline = time.monotonic() + _TIMEOUT_MS / 1000
    while len(times) < len(offsets) and time.monotonic() < deadline:
        for partition, records in consumer.poll(timeout_ms=_POLL_MS).items():
            times[partition] = records[0].timestamp / 1000
            consumer.pause(partition)
    return times
