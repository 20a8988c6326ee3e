"""Decisions that change what is agreed: change orders, and cancelling."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from domain.book.book import Book
from domain.configuration.choosing import need_complete, need_offered
from domain.errors import IdTaken, NameUnknown, NotAllowed, StatusForbids
from domain.order import events as e
from domain.order.decide.guards import need_agreed, need_currency, need_line
from domain.order.decide.quoting import need_same_difference, price_change
from domain.order.progress import INACTIVE, OPEN_TO_CHOICES, ChangeOrder, Status, shift_promise
from domain.order.state import Order, selections, with_change
from domain.values import Currency, Money, Name


def request_change(
    order: Order, *, change: e.ChangeOrderRequested, book: Book | None = None
) -> list[e.OrderEvent]:
    """Request a change order, and pause the open operations of its line until it is answered.

    If a book prices the order, it prices the change too: see `price_change`.
    """
    if before := order.changes.get(change.change_id):
        if change in (before, replace(before, delta_price=Decimal(0), requote=None)):
            return []
        raise IdTaken("this id names another change order: use a new one", "change_id")
    need_agreed(order, "take a change order")
    need_line(order, change.line_id)
    if change.requote is not None:
        raise NotAllowed("a requote is computed, not given: leave it out", "requote")
    if book and order.agreed_version:
        _need_feasible(order, change, book)
        change = price_change(order, change, book)
    operations = tuple(
        o.operation_id
        for o in order.progress.operations
        if o.line_id == change.line_id and o.is_open and o.paused_by is None
    )
    paused = e.OperationsPaused(change_id=change.change_id, operations=operations)
    return [change, paused] if operations else [change]


def approve_change(
    order: Order, *, change_id: Name, book: Book | None = None
) -> list[e.OrderEvent]:
    """Approve a change order: the choice and the price change, and the promise by its days."""
    change = _change(order, change_id)
    if change.approved:
        return []
    _need_unanswered(change)
    if book and order.agreed_version:  # another change may have been approved meanwhile
        request = order.changes[change_id]
        _need_feasible(order, request, book)
        need_same_difference(order, request, book)
    events: list[e.OrderEvent] = [e.ChangeOrderApproved(change_id=change_id)]
    if order.progress.promise and change.delta_days:
        p50, p90 = shift_promise(order.progress.promise, change.delta_days)
        events.append(e.PromiseRevised(p50=p50, p90=p90, basis=change_id))
    return events + _resume(order, change_id)


def reject_change(order: Order, *, change_id: Name) -> list[e.OrderEvent]:
    """Reject a change order."""
    change = _change(order, change_id)
    if change.approved is False:
        return []
    _need_unanswered(change)
    return [e.ChangeOrderRejected(change_id=change_id), *_resume(order, change_id)]


def cancel(
    order: Order, *, sunk_cost: Money | None = None, currency: Currency | None = None
) -> list[e.OrderEvent]:
    """Cancel the order: free of cost until it is queued, with the cost so far afterwards."""
    if order.status is Status.CANCELLED:
        return []
    if order.status in INACTIVE or order.progress.shipped or order.progress.delivered:
        raise StatusForbids(
            f"an order that is {order.status} cannot be cancelled",
            "status",
            status=order.status.value,
        )
    is_free = order.status in OPEN_TO_CHOICES | {Status.PLACED}
    if is_free and sunk_cost:
        raise NotAllowed("nothing is spent before the order is queued: leave it out", "sunk_cost")
    if not is_free and sunk_cost is None:
        raise NotAllowed("work has been queued: give the cost so far, even if 0", "sunk_cost")
    if sunk_cost is not None and sunk_cost < 0:
        raise NotAllowed("the cost so far is not negative", "sunk_cost")
    need_currency(order, currency)
    return [
        e.OrderCancelled(
            sunk_cost=sunk_cost or Decimal(0), currency=currency or order.progress.currency
        )
    ]


def _need_feasible(order: Order, change: e.ChangeOrderRequested, book: Book) -> None:
    """Require that the book offers the change, and that the order can be made with it."""
    after = with_change(order, change)
    if choice := after.options.get((change.line_id, change.option)):
        [line] = [li for li in order.progress.lines if li.line_id == change.line_id]
        need_offered(book, line.product, choice)
    need_complete(book, selections(after))


def _change(order: Order, change_id: str) -> ChangeOrder:
    """Return a change order of an order that can still change."""
    change = order.progress.change(change_id)
    if change is None:
        raise NameUnknown(f"the order has no change order {change_id}: request it", "change_id")
    if order.status in INACTIVE:
        raise StatusForbids(
            f"the order is {order.status}, so that nothing of it changes",
            "status",
            status=order.status.value,
        )
    return change


def _need_unanswered(change: ChangeOrder) -> None:
    if change.approved is not None:
        answer = "approved" if change.approved else "rejected"
        raise NotAllowed(f"the change order was {answer} already: request another", "change_id")


def _resume(order: Order, change_id: str) -> list[e.OrderEvent]:
    paused = tuple(o.operation_id for o in order.progress.operations if o.paused_by == change_id)
    return [e.OperationsResumed(change_id=change_id, operations=paused)] if paused else []
