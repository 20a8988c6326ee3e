"""Decisions about making the order, and about what comes back: work, returns, refunds."""

from __future__ import annotations

from collections.abc import Sequence

from domain.configuration.choosing import need_distinct
from domain.errors import AmountExceeded, NameUnknown, NotAllowed, StatusForbids
from domain.order import events as e
from domain.order import reports as r
from domain.order.decide.guards import need_agreed, need_currency, need_line, need_status
from domain.order.progress import Status
from domain.order.state import Order
from domain.values import Currency, Money, Name, Quantity


def queue(order: Order, *, route: Sequence[e.Step]) -> list[e.OrderEvent]:
    """Give a placed order to the plant, with its route."""
    need_status(order, {Status.PLACED}, "be queued", "place it first")
    _need_route(order, route)
    return [e.OrderQueued(route=tuple(route))]


def rework(
    order: Order, *, check_id: Name, route: Sequence[e.Step], most: Quantity = 3
) -> list[e.OrderEvent]:
    """Order rework after a failed check; escalate it after `most` reworks of the line."""
    failed = order.progress.check(check_id)
    if failed is None or failed.passed:
        raise NameUnknown(f"no check {check_id} failed: rework names its cause", "check_id")
    if failed.reworked or failed.escalated:
        return []
    need_agreed(order, "be reworked")
    _need_route(order, route)
    tries = sum(c.reworked for c in order.progress.checks if c.line_id == failed.line_id)
    if tries >= most:
        return [e.ReworkEscalated(check_id=check_id, tries=tries)]
    return [e.ReworkOrdered(check_id=check_id, route=tuple(route))]


def request_return(
    order: Order, *, return_id: Name, lines: Sequence[r.ReturnLine]
) -> list[e.OrderEvent]:
    """Agree that the customer sends pieces of a delivered order back."""
    if return_id in order.progress.returns:
        return []
    if order.progress.delivered is None:
        raise StatusForbids(
            f"the order is {order.status}, not delivered: cancel it instead",
            "status",
            status=order.status.value,
        )
    for line in lines:
        sold = order.progress.line(line.line_id or "")
        if sold is None:
            raise NameUnknown("a return names the lines of its order", "lines")
        left = sold.ordered - sold.returned
        if line.quantity > left:
            raise AmountExceeded(
                f"of line {sold.line_id} only {left} can come back",
                "lines",
                line_id=sold.line_id,
                left=str(left),
            )
    return [e.ReturnRequested(return_id=return_id, lines=tuple(lines))]


def refund(
    order: Order,
    *,
    refund_id: Name,
    amount: Money,
    currency: Currency,
    return_id: Name | None = None,
) -> list[e.OrderEvent]:
    """Pay back to the customer at most what they have paid."""
    if refund_id in order.refunds:
        return []
    need_currency(order, currency)
    if amount <= 0:
        raise NotAllowed("a refund is above zero", "amount")
    if return_id is not None and return_id not in order.progress.returns:
        raise NameUnknown(f"the order has no return {return_id}: request it first", "return_id")
    left = order.progress.paid - order.progress.refunded
    if amount > left:
        raise AmountExceeded(
            f"of what was paid only {left} is left to refund", "amount", left=str(left)
        )
    return [
        e.RefundIssued(refund_id=refund_id, amount=amount, currency=currency, return_id=return_id)
    ]


def _need_route(order: Order, route: Sequence[e.Step]) -> None:
    """Require that the route is over lines of the order, and that each operation id is new."""
    for step in route:
        need_line(order, step.line_id)
    before = [o.operation_id for o in order.progress.operations]
    need_distinct([*before, *(step.operation_id for step in route)], "operation", "route")
