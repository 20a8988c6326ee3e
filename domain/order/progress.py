"""How far an order is: the part of it that is about no person, which views keep as it is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum

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
OVER = frozenset({Status.NEW, Status.CANCELLED, Status.RETURNED})
MAKING = frozenset(
    {Status.PLACED, Status.QUEUED, Status.IN_PRODUCTION, Status.QUALITY_CHECK, Status.REWORK}
)
HANDED_OVER = frozenset({Status.DELIVERED, Status.IN_USE})


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """good + scrap + open = ordered, in pieces; `scrap` failed a check and is not reworked."""

    line_id: Plain[str]
    product: Plain[str]
    ordered: Plain[int]
    unit_price: Plain[Decimal | None] = None
    good: Plain[int] = 0
    scrap: Plain[int] = 0
    returned: Plain[int] = 0

    @property
    def open(self) -> int:
        return self.ordered - self.good - self.scrap


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One operation of the route, with when it was what; `run_s` is its time at the machine."""

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
    def open(self) -> bool:
        return self.completed is None and self.closed is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    check_id: Plain[str]
    line_id: Plain[str]
    passed: Plain[bool]
    quantity: Plain[int]
    defect: Plain[str | None] = None
    instruction_id: Plain[str | None] = None
    reworked: Plain[bool] = False
    escalated: Plain[bool] = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeOrder:
    change_id: Plain[str]
    line_id: Plain[str]
    delta_price: Plain[Decimal]
    delta_days: Plain[int]
    approved: Plain[bool | None] = None  # None: nobody has said yet


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    p50: Plain[datetime]
    p90: Plain[datetime]
    made: Plain[datetime]
    revisions: Plain[int] = 0
    kept: Plain[bool | None] = None  # None: not yet known


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """Money is in `currency`; sums of what was adopted are exact and not rounded."""

    status: Plain[Status] = Status.NEW
    adopted: Plain[bool] = False
    currency: Plain[str | None] = None
    total: Plain[Decimal] = Decimal(0)
    adjusted: Plain[Decimal] = Decimal(0)
    paid: Plain[Decimal] = Decimal(0)
    refunded: Plain[Decimal] = Decimal(0)
    sunk_cost: Plain[Decimal] = Decimal(0)
    lines: Plain[tuple[Line, ...]] = ()
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

    def line(self, line_id: str) -> Line | None:
        for line in self.lines:  # asked for each line adopted of an order of a thousand
            if line.line_id == line_id:
                return line
        return None

    def operation(self, operation_id: str) -> Operation | None:
        return next((o for o in self.operations if o.operation_id == operation_id), None)

    def check(self, check_id: str) -> Check | None:
        return next((c for c in self.checks if c.check_id == check_id), None)

    def change(self, change_id: str) -> ChangeOrder | None:
        return next((c for c in self.changes if c.change_id == change_id), None)

    def frozen(self, line_id: str, stage: str) -> bool:
        """Whether the stage has begun, after which only a change order alters a choice of it."""
        match stage:
            case "pre_manufacture":
                return any(o.started for o in self.operations if o.line_id == line_id)
            case "packaging":
                return self.packaging is not None or self.packaged is not None
            case "delivery":
                return self.shipped is not None
        return False


def later(promise: Promise, days: int) -> tuple[datetime, datetime]:
    """Both dates of a promise, so many days on."""
    return promise.p50 + timedelta(days=days), promise.p90 + timedelta(days=days)
