"""What the customer wants: lines and choices."""

from __future__ import annotations

from collections.abc import Sequence

from domain.errors import NotAllowed
from domain.order import events as e
from domain.order.decide.guards import need_apart, need_line
from domain.order.progress import OVER, Status
from domain.order.state import Order
from domain.values import Name


def draft(
    order: Order, *, lines: Sequence[e.OrderLine], from_design: Name | None = None
) -> list[e.OrderEvent]:
    if order.status is not Status.NEW:
        raise NotAllowed(
            f"the order is {order.status} and cannot be drafted: "
            "an order is drafted once: choose another id",
            "status",
        )
    need_apart([line.line_id for line in lines], "line", "lines")
    return [e.OrderDrafted(lines=tuple(lines), from_design=from_design)]


def choose(order: Order, *, choice: e.OptionChosen) -> list[e.OrderEvent]:
    before = order.options.get((choice.line_id, choice.option))
    if before == choice:
        return []
    _changeable(order, choice, before)
    return [choice]


def clear(order: Order, *, choice: e.OptionCleared) -> list[e.OrderEvent]:
    before = order.options.get((choice.line_id, choice.option))
    _changeable(order, choice, before)
    return [choice] if before else []


def _changeable(
    order: Order, choice: e.OptionChosen | e.OptionCleared, before: e.OptionChosen | None
) -> None:
    if order.status in OVER:
        raise NotAllowed(f"the order is {order.status} and takes no choices", "status")
    need_line(order, choice.line_id)
    stages = {choice.stage, before.stage if before else choice.stage}
    if frozen := [s for s in stages if order.progress.frozen(choice.line_id, s)]:
        raise NotAllowed(
            f"{frozen[0]} of line {choice.line_id} has begun, which freezes the choice: "
            "request a change order",
            "stage",
        )
