"""What happens to an order. The wire names and fields below are the storage format."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from domain.event import Choice, Data, Kind, event, strict
from domain.personal import Personal, Plain, Pseudonym
from domain.values import Name, Quantity, Seconds, Text


@strict
@dataclass(frozen=True, slots=True, kw_only=True)
class OrderLine:
    line_id: Plain[Name]
    product: Plain[Name]
    quantity: Plain[Quantity] = 1


@strict
@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One operation of an order's route through the plant."""

    operation_id: Plain[Name]
    line_id: Plain[Name]
    work_centre: Plain[Name]


@event("order.order-drafted.v1", Kind.DECISION)
@dataclass(frozen=True, slots=True, kw_only=True)
class OrderDrafted(Data):
    lines: Plain[Annotated[tuple[OrderLine, ...], Field(min_length=1, max_length=1000)]]
    from_design: Pseudonym[Name | None] = None


@event("order.option-chosen.v1", Kind.DECISION)
@dataclass(frozen=True, slots=True, kw_only=True)
class OptionChosen(Choice):
    """`text` is what the customer wrote for the option, a monogram say."""

    line_id: Plain[Name]
    option: Plain[Name]
    value: Plain[Name]
    text: Personal[Text | None] = None


@event("order.option-cleared.v1", Kind.DECISION)
@dataclass(frozen=True, slots=True, kw_only=True)
class OptionCleared(Choice):
    line_id: Plain[Name]
    option: Plain[Name]


@event("order.order-placed.v1", Kind.DECISION)
@dataclass(frozen=True, slots=True, kw_only=True)
class OrderPlaced(Data):
    pass


@event("order.order-queued.v1", Kind.DECISION)
@dataclass(frozen=True, slots=True, kw_only=True)
class OrderQueued(Data):
    route: Plain[Annotated[tuple[Step, ...], Field(min_length=1, max_length=1000)]]


@event("order.order-cancelled.v1", Kind.DECISION)
@dataclass(frozen=True, slots=True, kw_only=True)
class OrderCancelled(Data):
    """Closes every open operation. Why stands in the envelope's `reason`."""


@event("order.operation-started.v1", Kind.REPORT)
@dataclass(frozen=True, slots=True, kw_only=True)
class OperationStarted(Data):
    operation_id: Plain[Name]
    line_id: Plain[Name]
    work_centre: Plain[Name]


@event("order.operation-completed.v1", Kind.REPORT)
@dataclass(frozen=True, slots=True, kw_only=True)
class OperationCompleted(Data):
    operation_id: Plain[Name]
    line_id: Plain[Name]
    work_centre: Plain[Name]
    quantity: Plain[Quantity]
    run_s: Plain[Seconds]


@event("order.order-shipped.v1", Kind.REPORT)
@dataclass(frozen=True, slots=True, kw_only=True)
class OrderShipped(Data):
    carrier: Plain[Name | None] = None


OrderEvent = (
    OrderDrafted
    | OptionChosen
    | OptionCleared
    | OrderPlaced
    | OrderQueued
    | OrderCancelled
    | OperationStarted
    | OperationCompleted
    | OrderShipped
)
