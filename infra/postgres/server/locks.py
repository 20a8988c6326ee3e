"""Advisory locks of the database. Each has a number; one connection at a time holds it."""

from __future__ import annotations

from domain.errors import Refusal

MIGRATION = 7301
NEW_VIEW = 7302
MAINTENANCE = 7303
"""Held by a restore and by a rebuild."""


class MaintenanceRunning(Refusal):
    """A restore or a rebuild holds the lock MAINTENANCE."""

    code = "maintenance-running"

    def __init__(self) -> None:
        super().__init__("another rebuild or restore is under way: wait until it has ended")
