"""The reports about an order: it has happened already, so no business rule refuses them.

Their wire names and fields are the storage format: never rename one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from domain.event import Data, Kind, event, strict
from domain.personal import Plain, Pseudonym
from domain.values import Count, Currency, Money, Name, Quantity, Seconds, SignedQuantity, Text

# Orders that were placed in other systems.


@strict
@dataclass(frozen=True, slots=True, kw_only=True)
class AdoptedLine:
    """A line of an adopted order; `unit_price` is in the order's currency, with all decimals."""

    line_id: Plain[Name]
    product: Plain[Name]
    quantity: Plain[SignedQuantity]
    unit_price: Plain[Money]


@event("order.order-adopted.v1", Kind.REPORT, needs=None, opens=True)
@dataclass(frozen=True, slots=True, kw_only=True)
class OrderAdopted(Data):
    """An order was placed in another system, `origin`, without a quote of ours."""

    lines: Plain[Annotated[tuple[AdoptedLine, ...], Field(min_length=1, max_length=1000)]]
    total: Plain[Money]
    currency: Plain[Currency]
    origin: Plain[Name]


@event("order.order-line-adopted.v1", Kind.REPORT, needs=None, opens=True)
@dataclass(frozen=True, slots=True, kw_only=True)
class OrderLineAdopted(Data):
    """A line of an order was placed in another system, `origin`, which reports one line at a time.

    `unit_price` is in `currency`, with all its decimals; a negative quantity takes pieces back.
    `market` is where it was sold, such as a country.
    """

    line_id: Plain[Name]
    product: Plain[Name]
    quantity: Plain[SignedQuantity]
    unit_price: Plain[Money]
    currency: Plain[Currency]
    origin: Plain[Name]
    description: Plain[Text | None] = None
    market: Plain[Name | None] = None


@event("order.order-adjusted.v1", Kind.REPORT, needs=None, opens=True)
@dataclass(frozen=True, slots=True, kw_only=True)
class OrderAdjusted(Data):
    """The amount of an order changed without goods changing hands; `cause` is a code."""

    amount: Plain[Money]
    currency: Plain[Currency]
    cause: Plain[Name]
    origin: Plain[Name | None] = None


@event("order.payment-recorded.v1", Kind.REPORT, needs=None)
@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentRecorded(Data):
    """The customer paid for the order."""

    amount: Plain[Money]
    currency: Plain[Currency]
    method: Plain[Name | None] = None


# The plant.


@event("order.operation-queued.v1", Kind.REPORT, needs=None)
@dataclass(frozen=True, slots=True, kw_only=True)
class OperationQueued(Data):
    """An operation waits for its work centre."""

    operation_id: Plain[Name]
    line_id: Plain[Name]
    work_centre: Plain[Name]


@event("order.operation-started.v1", Kind.REPORT, needs=None)
@dataclass(frozen=True, slots=True, kw_only=True)
class OperationStarted(Data):
    """A work centre began an operation."""

    operation_id: Plain[Name]
    line_id: Plain[Name]
    work_centre: Plain[Name]


@event("order.operation-completed.v1", Kind.REPORT, needs=None)
@dataclass(frozen=True, slots=True, kw_only=True)
class OperationCompleted(Data):
    """A work centre completed an operation on so many pieces.

    `run_s` is the time at the machine in seconds, waiting and pauses excluded.
    """

    operation_id: Plain[Name]
    line_id: Plain[Name]
    work_centre: Plain[Name]
    quantity: Plain[Quantity]
    run_s: Plain[Seconds]


@event("order.quality-check-passed.v1", Kind.REPORT, needs=None)
@dataclass(frozen=True, slots=True, kw_only=True)
class QualityCheckPassed(Data):
    """So many pieces of a line passed a check."""

    check_id: Plain[Name]
    line_id: Plain[Name]
    quantity: Plain[Quantity]


@event("order.quality-check-failed.v1", Kind.REPORT, needs=None)
@dataclass(frozen=True, slots=True, kw_only=True)
class QualityCheckFailed(Data):
    """So many pieces of a line failed a check; `defect` is a code.

    `instruction_id` is the special instruction that caused the defect, if one did.
    """

    check_id: Plain[Name]
    line_id: Plain[Name]
    quantity: Plain[Quantity]
    defect: Plain[Name]
    instruction_id: Plain[Name | None] = None


@event("order.packaging-started.v1", Kind.REPORT, needs=None)
@dataclass(frozen=True, slots=True, kw_only=True)
class PackagingStarted(Data):
    """Packaging of the order began; choices of packaging are frozen from then on."""


@event("order.order-packaged.v1", Kind.REPORT, needs=None)
@dataclass(frozen=True, slots=True, kw_only=True)
class OrderPackaged(Data):
    """The order is packaged."""


# With the customer, and back.


@event("order.order-shipped.v1", Kind.REPORT, needs=None)
@dataclass(frozen=True, slots=True, kw_only=True)
class OrderShipped(Data):
    """The order left for the customer; choices of delivery are frozen from then on."""

    carrier: Plain[Name | None] = None


@event("order.order-delivered.v1", Kind.REPORT, needs=None)
@dataclass(frozen=True, slots=True, kw_only=True)
class OrderDelivered(Data):
    """The customer has the order."""


@event("order.customization-applied-in-use.v1", Kind.REPORT, needs=None)
@dataclass(frozen=True, slots=True, kw_only=True)
class CustomizationAppliedInUse(Data):
    """The customer, who has the product, changed an option of it."""

    line_id: Plain[Name]
    option: Plain[Name]
    value: Plain[Name]


@strict
@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnLine:
    """Pieces that come back. `line_id` is the line that they were sold on, where that is known."""

    line_id: Plain[Name | None] = None
    product: Plain[Name]
    quantity: Plain[Count]
    unit_price: Plain[Money | None] = None


ReturnLines = Plain[Annotated[tuple[ReturnLine, ...], Field(min_length=1, max_length=1000)]]


@event("order.return-received.v1", Kind.REPORT, needs=None)
@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnReceived(Data):
    """Pieces came back to us; `return_id` is the return that we had agreed to, if we had."""

    return_id: Plain[Name | None] = None
    lines: ReturnLines


@event("order.return-reported.v1", Kind.REPORT, needs=None, opens=True)
@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnReported(Data):
    """A return was handled in another system; `against` is the order of the pieces, if known."""

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
