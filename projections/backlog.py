"""Orders that are being made: what of each is queued, started and completed, and where."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from domain.order.events import (
    OperationCompleted,
    OperationStarted,
    OrderCancelled,
    OrderDrafted,
    OrderPlaced,
    OrderQueued,
    OrderShipped,
)
from domain.personal import Plain, Pseudonym
from projections.view import Handled, Projection, View


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    operation_id: Plain[str]
    line_id: Plain[str]
    work_centre: Plain[str]
    queued: Plain[datetime | None] = None
    started: Plain[datetime | None] = None
    completed: Plain[datetime | None] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BacklogRow(View):
    """An order; its operations are kept for good."""

    order_id: Pseudonym[str]
    customer: Pseudonym[str | None]
    status: Plain[str]
    placed: Plain[datetime | None] = None
    shipped: Plain[datetime | None] = None
    operations: Plain[tuple[Operation, ...]] = ()


def keys(event: Handled) -> Iterable[str]:
    kind, _, order = event.event.subject.partition("/")
    return [order] if kind == "order" else []


def evolve(row: BacklogRow | None, event: Handled) -> BacklogRow | None:
    said, at = event.event, event.event.time
    if row is None:
        order = said.subject.partition("/")[2]
        row = BacklogRow(order_id=order, customer=said.customerid, status="new")
    match event.data:
        case OrderDrafted():
            return replace(row, status="draft")
        case OrderPlaced():
            return replace(row, status="placed", placed=at)
        case OrderQueued(route=route):
            operations = tuple(
                Operation(
                    operation_id=step.operation_id,
                    line_id=step.line_id,
                    work_centre=step.work_centre,
                    queued=at,
                )
                for step in route
            )
            return replace(row, status="queued", operations=operations)
        case OperationStarted() as work:
            status = "in_production" if row.status == "queued" else row.status
            return replace(
                row, status=status, operations=_worked(row, work, lambda o: replace(o, started=at))
            )
        case OperationCompleted() as work:
            return replace(row, operations=_worked(row, work, lambda o: replace(o, completed=at)))
        case OrderShipped():
            return replace(row, status="shipped", shipped=at)
        case OrderCancelled():
            return replace(row, status="cancelled")
    return row


def _worked(
    row: BacklogRow,
    work: OperationStarted | OperationCompleted,
    change: Callable[[Operation], Operation],
) -> tuple[Operation, ...]:
    if all(o.operation_id != work.operation_id for o in row.operations):
        new = Operation(
            operation_id=work.operation_id, line_id=work.line_id, work_centre=work.work_centre
        )
        return (*row.operations, change(new))
    return tuple(change(o) if o.operation_id == work.operation_id else o for o in row.operations)


projection = Projection(
    "backlog", 1, BacklogRow, keys, evolve, answers="Which orders are being made, and how far?"
)
