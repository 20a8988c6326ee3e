"""What may be decided about an order: state and a command give events, or a refusal.

A command that asks for what is so already gives no events.
"""

from __future__ import annotations

from collections.abc import Sequence

from domain.errors import NotAllowed
from domain.order.events import (
    OptionChosen,
    OptionCleared,
    OrderCancelled,
    OrderDrafted,
    OrderEvent,
    OrderLine,
    OrderPlaced,
    OrderQueued,
    Step,
)
from domain.order.state import Order, Status


def draft(
    order: Order, *, lines: Sequence[OrderLine], from_design: str | None = None
) -> list[OrderEvent]:
    _need(order, Status.NEW, "drafted", "an order is drafted once: choose another id")
    if twice := _doubled([line.line_id for line in lines]):
        raise NotAllowed(f"line {twice} is named twice: give each line its own id", "lines")
    return [OrderDrafted(lines=tuple(lines), from_design=from_design)]


def choose(order: Order, *, choice: OptionChosen) -> list[OrderEvent]:
    _need(order, Status.DRAFT, "changed", "only a draft takes choices")
    _line(order, choice.line_id)
    if order.options.get((choice.line_id, choice.option)) == choice:
        return []
    return [choice]


def clear(order: Order, *, choice: OptionCleared) -> list[OrderEvent]:
    _need(order, Status.DRAFT, "changed", "only a draft takes choices")
    _line(order, choice.line_id)
    return [choice] if (choice.line_id, choice.option) in order.options else []


def place(order: Order) -> list[OrderEvent]:
    if order.status is Status.PLACED:
        return []
    _need(order, Status.DRAFT, "placed", "only a draft can be placed")
    return [OrderPlaced()]


def queue(order: Order, *, route: Sequence[Step]) -> list[OrderEvent]:
    _need(order, Status.PLACED, "queued", "place it first")
    for step in route:
        _line(order, step.line_id)
    if twice := _doubled([step.operation_id for step in route]):
        raise NotAllowed(f"operation {twice} is named twice: give each its own id", "route")
    return [OrderQueued(route=tuple(route))]


def cancel(order: Order) -> list[OrderEvent]:
    if order.status is Status.CANCELLED:
        return []
    if order.status in (Status.NEW, Status.SHIPPED):
        raise NotAllowed(f"an order that is {order.status} cannot be cancelled", "status")
    return [OrderCancelled()]


def _need(order: Order, wanted: Status, done: str, remedy: str) -> None:
    if order.status is not wanted:
        raise NotAllowed(f"the order is {order.status} and cannot be {done}: {remedy}", "status")


def _line(order: Order, line_id: str) -> None:
    if all(line.line_id != line_id for line in order.lines):
        known = ", ".join(line.line_id for line in order.lines)
        raise NotAllowed(f"the order has no line {line_id}: its lines are {known}", "line_id")


def _doubled(ids: Sequence[str]) -> str | None:
    return next((i for i in ids if ids.count(i) > 1), None)
