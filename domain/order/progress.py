"""How far an order is: the part of its state that says nothing about a person. Views store it."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum

import msgspec

from domain.personal import Plain


class Status(StrEnum):
    NEW = "new"
    DRAFT = "draft"
    QUOTED = "quoted"
    PLACED = "placed"
    QUEUED = "queued"
    IN_PRODUCTION = "in_production"
    QUALITY_CHECK = "quality_check"
    REWORK = "rework"
    PACKAGED = "packaged"
    SHIPPED = "shipped"
    DELIVERED = "delivered"
    IN_USE = "in_use"
    RETURNED = "returned"
    CANCELLED = "cancelled"


OPEN_TO_CHOICES = frozenset({Status.DRAFT, Status.QUOTED})
"""Before the order is placed: lines, options and instructions change freely."""
INACTIVE = frozenset({Status.NEW, Status.CANCELLED, Status.RETURNED})
"""There is no order yet, or there is none any more: nothing of it changes."""
MAKING = frozenset(
    {Status.PLACED, Status.QUEUED, Status.IN_PRODUCTION, Status.QUALITY_CHECK, Status.REWORK}
)
"""Agreed, and not yet packaged."""
HANDED_OVER = frozenset({Status.DELIVERED, Status.IN_USE})
"""The customer has it."""


class OrderedLine(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A line of an order, counted in pieces: ordered = good + scrap + outstanding.

    Scrap failed a quality check and is not reworked.
    """

    line_id: Plain[str]
    product: Plain[str]
    ordered: Plain[int]
    unit_price: Plain[Decimal | None] = None
    good: Plain[int] = 0
    scrap: Plain[int] = 0
    returned: Plain[int] = 0

    @property
    def outstanding(self) -> int:
        """Pieces that are still to be made and checked."""
        return self.ordered - self.good - self.scrap


class Operation(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One operation of an order's route: when it was queued, started and completed.

    It is closed, without being completed, when the order is cancelled. `run_s` is its time at the
    machine in seconds, `paused_by` the id of the change order that it waits for.
    """

    operation_id: Plain[str]
    line_id: Plain[str]
    work_centre: Plain[str]
    queued: Plain[datetime | None] = None
    started: Plain[datetime | None] = None
    completed: Plain[datetime | None] = None
    closed: Plain[datetime | None] = None
    quantity: Plain[int] = 0
    run_s: Plain[float] = 0.0
    paused_by: Plain[str | None] = None

    @property
    def is_open(self) -> bool:
        return self.completed is None and self.closed is None


class Check(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A quality check of some pieces of a line, and what followed a failed one."""

    check_id: Plain[str]
    line_id: Plain[str]
    passed: Plain[bool]
    quantity: Plain[int]
    defect: Plain[str | None] = None
    instruction_id: Plain[str | None] = None
    reworked: Plain[bool] = False
    escalated: Plain[bool] = False


class ChangeOrder(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A change order; `approved` is None until it is approved or rejected."""

    change_id: Plain[str]
    line_id: Plain[str]
    delta_price: Plain[Decimal]
    delta_days: Plain[int]
    approved: Plain[bool | None] = None


class Promise(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The newest promise of a delivery date; `kept` is None until that is known."""

    p50: Plain[datetime]
    p90: Plain[datetime]
    given_at: Plain[datetime]
    revisions: Plain[int] = 0
    kept: Plain[bool | None] = None


class Progress(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """How far an order is, with its money in `currency`.

    `total` is what the order comes to. Sums over adopted lines are exact, without rounding.
    """

    status: Plain[Status] = Status.NEW
    adopted: Plain[bool] = False
    currency: Plain[str | None] = None
    total: Plain[Decimal] = Decimal(0)
    adjusted: Plain[Decimal] = Decimal(0)
    paid: Plain[Decimal] = Decimal(0)
    refunded: Plain[Decimal] = Decimal(0)
    sunk_cost: Plain[Decimal] = Decimal(0)
    lines: Plain[tuple[OrderedLine, ...]] = ()
    operations: Plain[tuple[Operation, ...]] = ()
    checks: Plain[tuple[Check, ...]] = ()
    changes: Plain[tuple[ChangeOrder, ...]] = ()
    returns: Plain[tuple[str, ...]] = ()
    promise: Plain[Promise | None] = None
    placed: Plain[datetime | None] = None
    packaging: Plain[datetime | None] = None
    packaged: Plain[datetime | None] = None
    shipped: Plain[datetime | None] = None
    delivered: Plain[datetime | None] = None
    cancelled: Plain[datetime | None] = None

    def line(self, line_id: str) -> OrderedLine | None:
        for line in self.lines:  # a loop: an adopted order of a thousand lines asks as often
            if line.line_id == line_id:
                return line
        return None

    def operation(self, operation_id: str) -> Operation | None:
        return next((o for o in self.operations if o.operation_id == operation_id), None)

    def check(self, check_id: str) -> Check | None:
        return next((c for c in self.checks if c.check_id == check_id), None)

    def change(self, change_id: str) -> ChangeOrder | None:
        return next((c for c in self.changes if c.change_id == change_id), None)

    def is_frozen(self, line_id: str, stage: str) -> bool:
        """Whether the stage has begun, after which only a change order alters a choice of it."""
        match stage:
            case "pre_manufacture":
                return any(o.started for o in self.operations if o.line_id == line_id)
            case "packaging":
                return self.packaging is not None or self.packaged is not None
            case "delivery":
                return self.shipped is not None
        return False


def shift_promise(promise: Promise, days: int) -> tuple[datetime, datetime]:
    """Return p50 and p90 of a promise, so many days later."""
    return promise.p50 + timedelta(days=days), promise.p90 + timedelta(days=days)
