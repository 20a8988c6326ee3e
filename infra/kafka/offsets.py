"""Offsets of views, committed to Kafka for tools that show lag. The product never reads them."""

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

_Offsets = Mapping[str, Mapping[int, int]]
"""The offset after the last folded record, by group and partition."""


class OffsetPublisher:
    """Publishes the positions of projectors every `every_s` seconds, and when it is closed."""

    def __init__(
        self, cluster: Cluster, log: KafkaLog, projectors: Sequence[Projector], every_s: float = 5.0
    ) -> None:
        self._cluster, self._log, self._projectors = cluster, log, projectors
        self._every_s, self._next = every_s, 0.0
        self._thread = ThreadPoolExecutor(1, "offsets")
        self._committing: Future[None] | None = None
        self._committed: _Offsets = {}

    def publish(self) -> None:
        """Start a commit where one is due, without waiting for it; a failed one is tried again."""
        if time.monotonic() < self._next or (self._committing and not self._committing.done()):
            return
        self._next = time.monotonic() + self._every_s
        offsets = {
            p.group: {n: self._log.offset(n, at) for n, at in p.positions.items() if at}
            for p in self._projectors
        }
        if offsets != self._committed:
            self._committing = self._thread.submit(self._commit, offsets)

    def close(self) -> None:
        self._next = 0.0
        if self._committing:
            self._committing.result()
        self.publish()
        self._thread.shutdown()

    def _commit(self, offsets: _Offsets) -> None:
        with suppress(KafkaError):
            admin = KafkaAdminClient(**self._cluster.connection())
            try:
                for group, partitions in offsets.items():
                    admin.alter_group_offsets(
                        self._cluster.group(group),
                        {
                            self._cluster.topic_partition(p): OffsetAndMetadata(offset, "", -1)
                            for p, offset in partitions.items()
                        },
                    )
                self._committed = offsets
            finally:
                admin.close()
