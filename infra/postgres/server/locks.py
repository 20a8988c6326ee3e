"""Advisory locks of the database: one number each, and who holds it works alone."""

from __future__ import annotations

from domain.errors import Refusal

MIGRATION, NEW_VIEW, MAINTENANCE = 7301, 7302, 7303
"""MAINTENANCE is held by a restore and by a rebuild."""


class MaintenanceRunning(Refusal):
    """A restore or a rebuild holds the lock MAINTENANCE."""

    code = "maintenance-running"

    def __init__(self) -> None:
        super().__init__("another rebuild or restore is under way: wait until it has ended")
