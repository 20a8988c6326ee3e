"""What is reported of an order: it has happened already, so no rule refuses it.

The wire names and fields below are the storage format.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from domain.event import Data, Kind, event, strict
from domain.personal import Plain, Pseudonym
from domain.values import Change, Count, Currency, Money, Name, Quantity, Seconds, Text

# Orders that were taken elsewhere, without a quote of ours.


@strict
@dataclass(frozen=True, slots=True, kw_only=True)
class AdoptedLine:
    """`unit_price` is a rate in the order's currency, with any number of decimals."""

    line_id: Plain[Name]
    product: Plain[Name]
    quantity: Plain[Change]
    unit_price: Plain[Money]


@event("order.order-adopted.v1", Kind.REPORT, needs=None, opens=True)
@dataclass(frozen=True, slots=True, kw_only=True)
class OrderAdopted(Data):
    """A whole order; `origin` is the system that took it."""

    lines: Plain[Annotated[tuple[AdoptedLine, ...], Field(min_length=1, max_length=1000)]]
    total: Plain[Money]
    currency: Plain[Currency]
    origin: Plain[Name]


@event("order.order-line-adopted.v1", Kind.REPORT, needs=None, opens=True)
@dataclass(frozen=True, slots=True, kw_only=True)
class OrderLineAdopted(Data):
    """A line at a time; `market` is where it was sold, a country say."""

    line_id: Plain[Name]
    product: Plain[Name]
    quantity: Plain[Change]
    unit_price: Plain[Money]
    currency: Plain[Currency]
    origin: Plain[Name]
    description: Plain[Text | None] = None
    market: Plain[Name | None] = None


@event("order.order-adjusted.v1", Kind.REPORT, needs=None, opens=True)
@dataclass(frozen=True, slots=True, kw_only=True)
class OrderAdjusted(Data):
    """Money that changed without goods; `cause` is a code."""

    amount: Plain[Money]
    currency: Plain[Currency]
    cause: Plain[Name]
    origin: Plain[Name | None] = None


@event("order.payment-recorded.v1", Kind.REPORT, needs=None)
@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentRecorded(Data):
    amount: Plain[Money]
    currency: Plain[Currency]
    method: Plain[Name | None] = None


# The plant.


@event("order.operation-queued.v1", Kind.REPORT, needs=None)
@dataclass(frozen=True, slots=True, kw_only=True)
class OperationQueued(Data):
    operation_id: Plain[Name]
    line_id: Plain[Name]
    work_centre: Plain[Name]


@event("order.operation-started.v1", Kind.REPORT, needs=None)
@dataclass(frozen=True, slots=True, kw_only=True)
class OperationStarted(Data):
    operation_id: Plain[Name]
    line_id: Plain[Name]
    work_centre: Plain[Name]


@event("order.operation-completed.v1", Kind.REPORT, needs=None)
@dataclass(frozen=True, slots=True, kw_only=True)
class OperationCompleted(Data):
    operation_id: Plain[Name]
    line_id: Plain[Name]
    work_centre: Plain[Name]
    quantity: Plain[Quantity]
    run_s: Plain[Seconds]


@event("order.quality-check-passed.v1", Kind.REPORT, needs=None)
@dataclass(frozen=True, slots=True, kw_only=True)
class QualityCheckPassed(Data):
    check_id: Plain[Name]
    line_id: Plain[Name]
    quantity: Plain[Quantity]


@event("order.quality-check-failed.v1", Kind.REPORT, needs=None)
@dataclass(frozen=True, slots=True, kw_only=True)
class QualityCheckFailed(Data):
    """`instruction_id` names the special instruction that caused it, where one did."""

    check_id: Plain[Name]
    line_id: Plain[Name]
    quantity: Plain[Quantity]
    defect: Plain[Name]
    instruction_id: Plain[Name | None] = None


@event("order.packaging-started.v1", Kind.REPORT, needs=None)
@dataclass(frozen=True, slots=True, kw_only=True)
class PackagingStarted(Data):
    pass


@event("order.order-packaged.v1", Kind.REPORT, needs=None)
@dataclass(frozen=True, slots=True, kw_only=True)
class OrderPackaged(Data):
    pass


# The customer's hands, and back.


@event("order.order-shipped.v1", Kind.REPORT, needs=None)
@dataclass(frozen=True, slots=True, kw_only=True)
class OrderShipped(Data):
    carrier: Plain[Name | None] = None


@event("order.order-delivered.v1", Kind.REPORT, needs=None)
@dataclass(frozen=True, slots=True, kw_only=True)
class OrderDelivered(Data):
    pass


@event("order.customization-applied-in-use.v1", Kind.REPORT, needs=None)
@dataclass(frozen=True, slots=True, kw_only=True)
class CustomizationAppliedInUse(Data):
    line_id: Plain[Name]
    option: Plain[Name]
    value: Plain[Name]


@strict
@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnLine:
    """`line_id` is the sale's line, where it is known."""

    line_id: Plain[Name | None] = None
    product: Plain[Name]
    quantity: Plain[Count]
    unit_price: Plain[Money | None] = None


ReturnLines = Plain[Annotated[tuple[ReturnLine, ...], Field(min_length=1, max_length=1000)]]


@event("order.return-received.v1", Kind.REPORT, needs=None)
@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnReceived(Data):
    """What we had asked back, or not: `return_id` names the request."""

    return_id: Plain[Name | None] = None
    lines: ReturnLines


@event("order.return-reported.v1", Kind.REPORT, needs=None, opens=True)
@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnReported(Data):
    """A return that was handled elsewhere; `against` is the order it belongs to, if known."""

    lines: ReturnLines
    currency: Plain[Currency | None] = None
    against: Pseudonym[Name | None] = None
    origin: Plain[Name | None] = None


Report = (
    OrderAdopted
    | OrderLineAdopted
    | OrderAdjusted
    | PaymentRecorded
    | OperationQueued
    | OperationStarted
    | OperationCompleted
    | QualityCheckPassed
    | QualityCheckFailed
    | PackagingStarted
    | OrderPackaged
    | OrderShipped
    | OrderDelivered
    | CustomizationAppliedInUse
    | ReturnReceived
    | ReturnReported
)
