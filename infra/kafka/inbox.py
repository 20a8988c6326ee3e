"""The topic in which messages come, taken in by a consumer group of Kafka's own.

Nothing of ours is fenced by the group: of two members that meet the same message, one stores it and
the other finds it known. So the offset that Kafka keeps is where the next member goes on.
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
_WAIT_MS = 200
_PATIENCE_MS = 10_000
_SETTINGS: dict[str, Any] = {
    "auto_offset_reset": "earliest",
    "enable_auto_commit": False,
    "isolation_level": "read_committed",
    "allow_auto_create_topics": False,
    "metrics_enabled": False,
}


class KafkaInbox:
    """The port `Topic`. A member that is silent for `session_s` loses what it holds."""

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
            polled = self._consumer.poll(timeout_ms=_WAIT_MS)
        except CorruptRecordError:
            raise KafkaUnusable(
                f"a message in {self._cluster.inbox} cannot be read, nor what came with it: it is "
                "damaged, or a header's name is not UTF-8. Move the group "
                f"{self._cluster.group(GROUP)} past it (kafka-consumer-groups.sh --reset-offsets)"
            ) from None
        except KafkaError as error:
            raise self._cluster.unreachable(error) from error
        return [_received(record) for records in polled.values() for record in records]

    def commit(self) -> None:
        try:
            self._consumer.commit(timeout_ms=_PATIENCE_MS)
        except CommitFailedError:
            pass  # another member has them by now, and what it meets again is known
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
    """How far the intake is behind what has come, in each partition of its topic."""
    try:
        with closing(
            KafkaConsumer(**cluster.connection(), **_SETTINGS, group_id=cluster.group(GROUP))
        ) as consumer:
            parts = consumer.partitions_for_topic(cluster.inbox) or ()
            places = [TopicPartition(cluster.inbox, part) for part in sorted(parts)]
            ends, starts = consumer.end_offsets(places), consumer.beginning_offsets(places)
            taken = {p: max(consumer.committed(p) or 0, starts[p]) for p in places}
            oldest = _oldest(consumer, {p: at for p, at in taken.items() if at < ends[p]})
    except KafkaError as error:
        raise cluster.unreachable(error) from error
    now = time.time()
    return [
        GroupLag(
            GROUP,
            place.partition,
            ends[place],
            taken[place],
            ends[place] - taken[place],
            max(0.0, now - oldest[place]) if place in oldest else 0.0,
            None,
            None,
        )
        for place in places
    ]


def _oldest(
    consumer: KafkaConsumer, taken: Mapping[TopicPartition, int]
) -> dict[TopicPartition, float]:
    """When the first record came that is not taken, in seconds since 1970."""
    consumer.assign(list(taken))
    for place, offset in taken.items():
        consumer.seek(place, offset)
    found: dict[TopicPartition, float] = {}
    deadline = time.monotonic() + _PATIENCE_MS / 1000
    while len(found) < len(taken) and time.monotonic() < deadline:
        for place, records in consumer.poll(timeout_ms=_WAIT_MS).items():
            found[place] = records[0].timestamp / 1000
            consumer.pause(place)
    return found
