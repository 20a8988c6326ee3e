"""The way to the cluster, and the topics on it: which partition is where, kept for ever."""

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

LARGEST = 8 << 20  # bytes of a record
_FOR_EVER = {"cleanup.policy": "delete", "retention.ms": "-1", "retention.bytes": "-1"}
_A_DAY = {
    "cleanup.policy": "delete",
    "retention.ms": "86400000",
    "retention.bytes": "-1",
    # A publisher's clock neither makes its message older nor keeps it longer.
    "message.timestamp.type": "LogAppendTime",
}
_LOG = {
    **_FOR_EVER,
    "max.message.bytes": str(LARGEST),
    "message.timestamp.type": "CreateTime",
    # The recorded time never runs backwards, so after a clock that was wrong it may be ahead.
    "message.timestamp.after.max.ms": str(2**63 - 1),
}
_INBOX = {
    **_A_DAY,
    "max.message.bytes": str(LARGEST),
    "segment.ms": "3600000",  # what is in the segment that is written to is not forgotten
}


@dataclass(frozen=True, slots=True)
class Cluster:
    """Where the log is. `topics` is what its topics' names begin with."""

    address: str
    partitions: int
    topics: str = "ordermade"
    access: Access = field(default_factory=Access)

    @property
    def servers(self) -> list[str]:
        return self.address.split(",")

    def connection(self) -> dict[str, Any]:
        """Settings of every client. Raises KafkaUnfit where this installation is too slow."""
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
            # The default is 30 s: so long after a longer absence nobody would notice its end.
            "reconnect_backoff_max_ms": 1_000,
        }

    def unreachable(self, error: Exception) -> KafkaUnreachable:
        """What to raise where the cluster does not answer."""
        return KafkaUnreachable(self.address, error, self.access.certificate_problem(self.servers))

    @property
    def log_topics(self) -> dict[str, int]:
        """The topics of the log, and how many partitions each has."""
        return {f"{self.topics}.log": self.partitions, f"{self.topics}.catalogue": 1}

    @property
    def inbox(self) -> str:
        """The topic that is taken in. It may be given more partitions."""
        return f"{self.topics}.intake"

    def group(self, name: str) -> str:
        """A group of ours as Kafka knows it."""
        return f"{self.topics}.{name}"

    def topic_partition(self, partition: int) -> TopicPartition:
        """Where a partition of ours is: the one after the last is a topic of its own."""
        if partition == self.partitions:
            return TopicPartition(f"{self.topics}.catalogue", 0)
        return TopicPartition(f"{self.topics}.log", partition)

    @property
    def topic_partitions(self) -> dict[TopicPartition, int]:
        return {
            self.topic_partition(partition): partition for partition in range(self.partitions + 1)
        }


def provision(cluster: Cluster) -> None:
    """Makes the topics where there are none. Raises KafkaUnfit for topics that are not ours."""
    try:
        with closing(KafkaAdminClient(**cluster.connection())) as admin:
            wanted = {**cluster.log_topics, cluster.inbox: cluster.partitions}
            known = {t["name"]: t for t in admin.describe_topics(list(wanted))}
            for name, size in wanted.items():
                if known[name]["error_code"]:
                    _create(admin, name, size, _INBOX if name == cluster.inbox else _LOG)
                elif name != cluster.inbox and len(known[name]["partitions"]) != size:
                    raise KafkaUnusable(
                        f"the topic {name} has {len(known[name]['partitions'])} partitions and "
                        f"this deployment {size}, for good: an owner's partition cannot change. "
                        "Name other topics with ORDERMADE_KAFKA_TOPICS; the relay fills them"
                    )
            _check(admin, cluster)
    except KafkaError as error:
        raise cluster.unreachable(error) from error


def _create(admin: KafkaAdminClient, name: str, size: int, settings: Mapping[str, str]) -> None:
    copies = min(3, len(admin.describe_cluster()["brokers"]))
    made = {
        "num_partitions": size,
        "replication_factor": copies,
        # With three copies one broker may be down, and what is acknowledged is on two.
        "configs": {**settings, "min.insync.replicas": str(max(1, copies - 1))},
    }
    try:
        admin.create_topics({name: made}, wait_for_metadata=True)
    except TopicAlreadyExistsError:  # another process was first
        admin.wait_for_topics([name])


def _check(admin: KafkaAdminClient, cluster: Cluster) -> None:
    forgets = "would forget events"
    wanted = {name: (_FOR_EVER, forgets) for name in cluster.log_topics}
    wanted[cluster.inbox] = _A_DAY, "what is personal stands in it in clear, for a day"
    asked = [
        ConfigResource(ConfigResourceType.TOPIC, name, dict.fromkeys(settings))
        for name, (settings, _) in wanted.items()
    ]
    told: Mapping[str, Any] = admin.describe_configs(asked, config_filter="all")["topic"]
    for name, (settings, why) in wanted.items():
        for setting, value in settings.items():
            if (found := told[name][setting]["value"]) != value:
                raise KafkaUnusable(
                    f"the topic {name} has {setting}={found} and {why}: set it to {value} "
                    "(kafka-configs.sh --alter --entity-type topics)"
                )
