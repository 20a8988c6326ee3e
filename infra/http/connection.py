"""The deployment as the server has it open, and opens it again."""

from __future__ import annotations

import threading
from collections.abc import Callable

import structlog

from infra.deployment import Deployment

log = structlog.get_logger()


class Opened:
    """A deployment that is opened anew when its own PostgreSQL was lost: that one starts elsewhere.

    A server of somebody else's stays where it is, and its connections come back by themselves.
    """

    def __init__(self, make: Callable[[], Deployment]) -> None:
        self._make = make
        self.deployment = _ready(make())
        self._opening = threading.Lock()

    def lost(self) -> None:
        if self.deployment.settings.database_url is None and self._opening.acquire(blocking=False):
            threading.Thread(target=self._open, daemon=True).start()

    def close(self) -> None:
        self.deployment.close()

    def _open(self) -> None:
        try:
            if self.deployment.is_reachable():
                return  # its connections come back by themselves
            before, self.deployment = self.deployment, _ready(self._make())
            before.close()
            log.info("database is back")
        except Exception as error:
            log.warning("database stays away", error=type(error).__name__)
        finally:
            self._opening.release()


def _ready(deployment: Deployment) -> Deployment:
    """With the parts that requests use in place: threads that first ask at once would make two."""
    deployment.store, deployment.commands, deployment.views, deployment.progress, deployment.feed  # noqa: B018
    return deployment
