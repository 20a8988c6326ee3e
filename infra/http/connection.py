"""The deployment that the server uses; it is reopened after its database was lost."""

from __future__ import annotations

import threading
from collections.abc import Callable

import structlog

from infra.deployment import Deployment

# Every lazy attribute of Deployment that a request uses.
_LAZY_PARTS = (
    *("store", "commands", "books", "issued_prices", "envelopes", "held_reports"),
    *("quarantine", "inbox_receiver", "log", "feed", "progress", "views", "writable_views"),
)

log = structlog.get_logger()


class DeploymentConnection:
    """An open deployment, which is opened again when its embedded PostgreSQL has ended.

    An embedded server comes back at another address. An external server keeps its address, and the
    connection pools reconnect to it by themselves.
    """

    def __init__(self, open_deployment: Callable[[], Deployment]) -> None:
        self._open_deployment = open_deployment
        self.deployment = _build_lazy_parts(open_deployment())
        self._reopening = threading.Lock()

    def reopen(self) -> None:
        """Start to reopen in the background, unless a thread does so already.

        Do nothing for an external server: its address stays, and the pools reconnect.
        """
        if self.deployment.settings.database_url is None and self._reopening.acquire(
            blocking=False
        ):
            threading.Thread(target=self._reopen, daemon=True).start()

    def close(self) -> None:
        self.deployment.close()

    def _reopen(self) -> None:
        try:
            if self.deployment.is_reachable():
                return  # at the same address: the pools reconnect by themselves
            before, self.deployment = self.deployment, _build_lazy_parts(self._open_deployment())
            before.close()
            log.info("database is back")
        except Exception as error:
            log.warning("database is still unreachable", error=type(error).__name__)
        finally:
            self._reopening.release()


def _build_lazy_parts(deployment: Deployment) -> Deployment:
    """Build the lazy attributes now: two first requests at once would each build them."""
    for part in _LAZY_PARTS:
        getattr(deployment, part)
    deployment.owners(deployment.reader_pool)
    return deployment
