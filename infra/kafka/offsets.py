"""What views have folded, committed to Kafka for tools that show lag. Nobody of ours reads it."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress

from kafka import KafkaAdminClient, OffsetAndMetadata
from kafka.errors import KafkaError

from consumers.movers.projector import Projector
from infra.kafka.cluster import Cluster
from infra.kafka.log import KafkaLog

_Folded = Mapping[str, Mapping[int, int]]
"""Offsets by group and partition."""


class OffsetPublisher:
    """Tells the positions of projectors, every few seconds and once at the end."""

    def __init__(
        self, cluster: Cluster, log: KafkaLog, projectors: Sequence[Projector], every_s: float = 5.0
    ) -> None:
        self._cluster, self._log, self._projectors = cluster, log, projectors
        self._every_s, self._again = every_s, 0.0
        self._thread = ThreadPoolExecutor(1, "offsets")
        self._telling: Future[None] | None = None
        self._told: _Folded = {}

    def publish(self) -> None:
        """Waits for nothing; what cannot be told is told the next time."""
        if time.monotonic() < self._again or (self._telling and not self._telling.done()):
            return
        self._again = time.monotonic() + self._every_s
        folded = {
            p.group: {n: self._log.offset(n, at) for n, at in p.positions.items() if at}
            for p in self._projectors
        }
        if folded != self._told:
            self._telling = self._thread.submit(self._commit, folded)

    def close(self) -> None:
        self._again = 0.0
        if self._telling:
            self._telling.result()
        self.publish()
        self._thread.shutdown()

    def _commit(self, folded: _Folded) -> None:
        with suppress(KafkaError):
            admin = KafkaAdminClient(**self._cluster.connection())
            try:
                for group, offsets in folded.items():
                    admin.alter_group_offsets(
                        self._cluster.group(group),
                        {
                            self._cluster.topic_partition(partition): OffsetAndMetadata(
                                offset, "", -1
                            )
                            for partition, offset in offsets.items()
                        },
                    )
                self._told = folded
            finally:
                admin.close()
