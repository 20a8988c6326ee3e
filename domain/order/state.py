"""An order, as its events leave it. `evolve` never refuses: a broken rule is noted instead."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import assert_never

from domain.order.events import (
    OperationCompleted,
    OperationStarted,
    OptionChosen,
    OptionCleared,
    OrderCancelled,
    OrderDrafted,
    OrderEvent,
    OrderLine,
    OrderPlaced,
    OrderQueued,
    OrderShipped,
)


class Status(StrEnum):
    NEW = "new"
    DRAFT = "draft"
    PLACED = "placed"
    QUEUED = "queued"
    IN_PRODUCTION = "in_production"
    SHIPPED = "shipped"
    CANCELLED = "cancelled"


class Work(StrEnum):
    """How far an operation is."""

    QUEUED = "queued"
    STARTED = "started"
    COMPLETED = "completed"
    CLOSED = "closed"


OPEN = frozenset({Work.QUEUED, Work.STARTED})


@dataclass(frozen=True, slots=True)
class Order:
    status: Status = Status.NEW
    lines: tuple[OrderLine, ...] = ()
    options: dict[tuple[str, str], OptionChosen] = field(default_factory=dict)
    work: dict[str, Work] = field(default_factory=dict)
    unexpected: tuple[str, ...] = ()  # the rules that the last event broke


def evolve(order: Order, event: OrderEvent) -> Order:
    order = replace(order, unexpected=tuple(broken(order, event)))
    match event:
        case OrderDrafted(lines=lines):
            return replace(order, status=Status.DRAFT, lines=lines)
        case OptionChosen(line_id=line, option=option):
            return replace(order, options={**order.options, (line, option): event})
        case OptionCleared(line_id=line, option=option):
            left = {k: v for k, v in order.options.items() if k != (line, option)}
            return replace(order, options=left)
        case OrderPlaced():
            return replace(order, status=Status.PLACED)
        case OrderQueued(route=route):
            work = {step.operation_id: Work.QUEUED for step in route}
            return replace(order, status=Status.QUEUED, work=work)
        case OperationStarted(operation_id=operation):
            return _worked(order, operation, Work.STARTED)
        case OperationCompleted(operation_id=operation):
            return _worked(order, operation, Work.COMPLETED)
        case OrderShipped():
            return replace(order, status=Status.SHIPPED)
        case OrderCancelled():
            closed = {k: Work.CLOSED if w in OPEN else w for k, w in order.work.items()}
            return replace(order, status=Status.CANCELLED, work=closed)
        case _:
            assert_never(event)


def _worked(order: Order, operation: str, work: Work) -> Order:
    status = Status.IN_PRODUCTION if order.status is Status.QUEUED else order.status
    return replace(order, status=status, work={**order.work, operation: work})


def broken(order: Order, event: OrderEvent) -> list[str]:
    """The rules that a report breaks. Refusing it would lose what has happened."""
    match event:
        case OperationStarted(operation_id=operation):
            if order.work.get(operation) is not Work.QUEUED:
                return ["started-without-being-queued"]
        case OperationCompleted(operation_id=operation):
            if order.work.get(operation) is not Work.STARTED:
                return ["completed-without-being-started"]
        case OrderShipped():
            rules = []
            if order.status is not Status.IN_PRODUCTION:
                rules.append("shipped-without-being-made")
            if OPEN & set(order.work.values()):
                rules.append("shipped-with-open-operations")
            return rules
    return []
