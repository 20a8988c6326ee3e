"""The Kafka cluster and its topics: which partition of the log is stored where, for ever."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import Any

from kafka import KafkaAdminClient, TopicPartition
from kafka.admin import ConfigResource, ConfigResourceType
from kafka.errors import KafkaError, TopicAlreadyExistsError

from infra.kafka.access import Access
from infra.kafka.errors import KafkaUnreachable, KafkaUnusable

MAX_RECORD_BYTES = 8 << 20

_KEPT_FOR_EVER = {"cleanup.policy": "delete", "retention.ms": "-1", "retention.bytes": "-1"}
_KEPT_FOR_A_DAY = {
    "cleanup.policy": "delete",
    "retention.ms": "86400000",
    "retention.bytes": "-1",
    # The age of a message is that of its arrival, whatever time its publisher gives it.
    "message.timestamp.type": "LogAppendTime",
}
_LOG_SETTINGS = {
    **_KEPT_FOR_EVER,
    "max.message.bytes": str(MAX_RECORD_BYTES),
    "message.timestamp.type": "CreateTime",
    # The recorded time never runs backwards, so after a clock that was wrong it may be ahead.
    "message.timestamp.after.max.ms": str(2**63 - 1),
}
_INBOX_SETTINGS = {
    **_KEPT_FOR_A_DAY,
    "max.message.bytes": str(MAX_RECORD_BYTES),
    "segment.ms": "3600000",  # Kafka deletes nothing from the segment that it writes to
}


@dataclass(frozen=True, slots=True)
class Cluster:
    """A Kafka cluster. `topics` is the prefix of all topic and group names of this deployment."""

    address: str
    partitions: int
    topics: str = "ordermade"
    access: Access = field(default_factory=Access)

    @property
    def servers(self) -> list[str]:
        return self.address.split(",")

    def connection(self) -> dict[str, Any]:
        """Arguments for every client. Raises KafkaUnusable where the package crc32c is missing."""
        if find_spec("crc32c") is None:
            raise KafkaUnusable(
                "the package crc32c is missing, and without it Kafka is read at a fifth of the "
                "speed: pip install 'kafka-python[crc32c,lz4,zstd]'"
            )
        return self.access.client | {
            "bootstrap_servers": self.servers,
            "client_id": f"ordermade-{os.getpid()}",
            "bootstrap_timeout_ms": 5_000,
            "request_timeout_ms": 10_000,
            # With the default of 30 s a client would notice that late that a broker is back.
            "reconnect_backoff_max_ms": 1_000,
        }

    def unreachable(self, error: Exception) -> KafkaUnreachable:
        """The error to raise where the cluster does not answer."""
        return KafkaUnreachable(self.address, error, self.access.certificate_problem(self.servers))

    @property
    def log_topics(self) -> dict[str, int]:
        """The topics of the log, and how many partitions each has."""
        return {f"{self.topics}.log": self.partitions, f"{self.topics}.catalogue": 1}

    @property
    def inbox(self) -> str:
        """The topic of the inbox. It may be given more partitions than the log has."""
        return f"{self.topics}.intake"

    def group(self, name: str) -> str:
        """The name of a consumer group of this deployment in Kafka."""
        return f"{self.topics}.{name}"

    def topic_partition(self, partition: int) -> TopicPartition:
        """Where a partition of the log is stored; the last one, which is shared, has a topic of
        its own."""
        if partition == self.partitions:
            return TopicPartition(f"{self.topics}.catalogue", 0)
        return TopicPartition(f"{self.topics}.log", partition)

    @property
    def topic_partitions(self) -> dict[TopicPartition, int]:
        """The partitions of the log, by where they are stored."""
        return {self.topic_partition(p): p for p in range(self.partitions + 1)}


def provision(cluster: Cluster) -> None:
    """Create the topics that do not exist.

    Raises KafkaUnusable for existing topics with another number of partitions or with settings
    that would lose events.
    """
    try:
        with closing(KafkaAdminClient(**cluster.connection())) as admin:
            sizes = {**cluster.log_topics, cluster.inbox: cluster.partitions}
            existing = {t["name"]: t for t in admin.describe_topics(list(sizes))}
            for name, size in sizes.items():
                if existing[name]["error_code"]:
                    settings = _INBOX_SETTINGS if name == cluster.inbox else _LOG_SETTINGS
                    _create(admin, name, size, settings)
                elif name != cluster.inbox and len(existing[name]["partitions"]) != size:
                    raise KafkaUnusable(
                        f"the topic {name} has {len(existing[name]['partitions'])} partitions and "
                        f"this deployment {size}, for good: an owner's partition cannot change. "
                        "Name other topics with ORDERMADE_KAFKA_TOPICS; the relay fills them"
                    )
            _check_settings(admin, cluster)
    except KafkaError as error:
        raise cluster.unreachable(error) from error


def _create(admin: KafkaAdminClient, name: str, size: int, settings: Mapping[str, str]) -> None:
    replicas = min(3, len(admin.describe_cluster()["brokers"]))
    topic = {
        "num_partitions": size,
        "replication_factor": replicas,
        # With three replicas one broker may be down, and what is acknowledged is on two.
        "configs": {**settings, "min.insync.replicas": str(max(1, replicas - 1))},
    }
    try:
        admin.create_topics({name: topic}, wait_for_metadata=True)
    except TopicAlreadyExistsError:  # another process was first
        admin.wait_for_topics([name])


def _check_settings(admin: KafkaAdminClient, cluster: Cluster) -> None:
    required = {name: (_KEPT_FOR_EVER, "would delete events") for name in cluster.log_topics}
    required[cluster.inbox] = (
        _KEPT_FOR_A_DAY,
        "personal values in clear must stay in it for a day and no longer",
    )
    query = [
        ConfigResource(ConfigResourceType.TOPIC, name, dict.fromkeys(settings))
        for name, (settings, _) in required.items()
    ]
    topics: Mapping[str, Any] = admin.describe_configs(query, config_filter="all")["topic"]
    for name, (settings, why) in required.items():
        for setting, value in settings.items():
            if (actual := topics[name][setting]["value"]) != value:
                raise KafkaUnusable(
                    f"the topic {name} has {setting}={actual} and {why}: set it to {value} "
                    "(kafka-configs.sh --alter --entity-type topics)"
                )
