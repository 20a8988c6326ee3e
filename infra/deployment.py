"""A deployment: opened on its home or its server, brought up to date, and closed."""

from __future__ import annotations

import gc
import time
from collections.abc import Collection
from contextlib import ExitStack, suppress
from types import TracebackType
from typing import Self

import psycopg

from consumers.movers.projector import step
from consumers.movers.relay import GROUP
from infra.keys import Secrets
from infra.postgres.server import database, embedded
from infra.settings import Settings
from infra.wiring import Wiring
from projections import discover

_PAUSE_S = 0.02  # between two looks at how far others have come


class Deployment(Wiring):
    """An open deployment, with its adapters and use cases as attributes.

    Opening it starts the embedded PostgreSQL if no `database_url` names a server, applies missing
    migrations, and makes a table for every view that has none.
    """

    def __init__(self, settings: Settings, patience_s: float = 30.0) -> None:
        # A batch makes thousands of objects and no cycles, and releases all of them: collecting
        # garbage as often as by default takes a tenth of a door's time.
        gc.freeze()
        gc.set_threshold(50_000)
        resources = ExitStack()
        secrets = Secrets.load(settings.home)
        url = settings.database_url
        if url is None:
            server = embedded.start(settings.home, linger_s=settings.linger_s)
            resources.callback(server.close)
            url = server.url()
        url = database.migrate(url, secrets, settings.partitions)
        super().__init__(settings, secrets, url, resources, patience_s)
        for projection in discover().values():
            self.writable_views.prepare(projection)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        self._resources.close()

    def is_reachable(self) -> bool:
        """Whether the database server still answers at its address."""
        with suppress(psycopg.OperationalError):
            psycopg.connect(self.url, connect_timeout=2).close()
            return True
        return False

    def drain(self, patience_s: float = 10.0) -> bool:
        """Bring the views up to the store's present heads; False if that takes too long.

        While other processes keep the views up to date (`ordermade up`, or another command), this
        only waits for them. Raises KafkaSilent where the log is in Kafka and Kafka does not answer.
        """
        # A version of a view that is not shown yet waits for its rebuild.
        live = self.views.live().values()
        groups = [p.group for p in discover().values() if p.group in live]
        heads = self.envelopes.heads()
        deadline = time.monotonic() + patience_s
        while self.progress.behind(groups, heads):
            if not self._relay_alone() | self._project_alone(groups):
                if time.monotonic() > deadline:
                    return False
                time.sleep(_PAUSE_S)
        return True

    def wait_for_log(self, patience_s: float = 10.0) -> bool:
        """Wait until the log has what the store has now; False if that takes too long."""
        heads = self.envelopes.heads()
        deadline = time.monotonic() + patience_s
        while any(self.progress.relayed().get(p, 0) < last for p, last in heads.items()):
            if time.monotonic() > deadline:
                return False
            time.sleep(_PAUSE_S)
        return True

    def complete_log(self) -> None:
        """Wait until the log has what the store has now: a part of it gives wrong rows.

        Copies what is missing if no relay runs.
        """
        if not self.settings.kafka:
            return
        self._relay_alone()
        for partition, head in self.envelopes.heads().items():
            while head and self.log_copy.lacks(partition, head):
                time.sleep(_PAUSE_S)

    def _relay_alone(self) -> bool:
        """Copy the store to Kafka unless a relay runs; whether this process did it."""
        if not self.settings.kafka or self.progress.members([GROUP]):
            return False
        relay = self.relay()
        try:
            relay.drain()
        finally:
            relay.close()
        return True

    def _project_alone(self, groups: Collection[str]) -> bool:
        """Fold the log into the views unless a projector runs; whether this process did it."""
        if self.progress.members(groups):
            return False
        projectors = self.projectors()
        try:
            while step(projectors):
                pass
        finally:
            for projector in projectors:
                projector.close()
        return True
