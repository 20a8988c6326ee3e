"""Changes to what is agreed."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from domain.book.book import Book
from domain.configuration.choosing import need_complete, need_offered
from domain.errors import IdTaken, NameUnknown, NotAllowed, StatusForbids
from domain.order import events as e
from domain.order.decide.guards import need_agreed, need_currency, need_line
from domain.order.decide.quoting import need_priced, requoted
from domain.order.progress import INACTIVE, OPEN_TO_CHOICES, ChangeOrder, Status, shift_promise
from domain.order.state import Order, changed, selections
from domain.values import Currency, Money, Name


def request_change(
    order: Order, *, change: e.ChangeOrderRequested, book: Book | None = None
) -> list[e.OrderEvent]:
    """Pauses the open operations of the line until somebody has approved or rejected it.

    Where a book prices the order, it prices the change: see `requoted`.
    """
    if known := order.changes.get(change.change_id):
        if change in (known, replace(known, delta_price=Decimal(0), requote=None)):
            return []
        raise IdTaken("this id names another change order: use a new one", "change_id")
    need_agreed(order, "take a change order")
    need_line(order, change.line_id)
    if change.requote is not None:
        raise NotAllowed("a requote is made by us: leave it out", "requote")
    if book and order.version:
        _need_made(order, change, book)
        change = requoted(order, change, book)
    touched = tuple(
        o.operation_id
        for o in order.progress.operations
        if o.line_id == change.line_id and o.is_open and o.paused_by is None
    )
    paused = e.OperationsPaused(change_id=change.change_id, operations=touched)
    return [change, paused] if touched else [change]


def approve_change(
    order: Order, *, change_id: Name, book: Book | None = None
) -> list[e.OrderEvent]:
    """Takes effect at once: the choice, the price, and the promise by so many days."""
    asked = _change(order, change_id)
    if asked.approved:
        return []
    _unanswered(asked.approved)
    if book and order.version:  # another one may have been approved meanwhile
        known = order.changes[change_id]
        _need_made(order, known, book)
        need_priced(order, known, book)
    said: list[e.OrderEvent] = [e.ChangeOrderApproved(change_id=change_id)]
    if order.progress.promise and asked.delta_days:
        p50, p90 = shift_promise(order.progress.promise, asked.delta_days)
        said.append(e.PromiseRevised(p50=p50, p90=p90, basis=change_id))
    return said + _resumed(order, change_id)


def reject_change(order: Order, *, change_id: Name) -> list[e.OrderEvent]:
    asked = _change(order, change_id)
    if asked.approved is False:
        return []
    _unanswered(asked.approved)
    return [e.ChangeOrderRejected(change_id=change_id), *_resumed(order, change_id)]


def cancel(
    order: Order, *, sunk_cost: Money | None = None, currency: Currency | None = None
) -> list[e.OrderEvent]:
    """Free before it is queued; after that, whoever cancels says what was spent so far."""
    if order.status is Status.CANCELLED:
        return []
    if order.status in INACTIVE or order.progress.shipped or order.progress.delivered:
        raise StatusForbids(
            f"an order that is {order.status} cannot be cancelled",
            "status",
            status=order.status.value,
        )
    free = order.status in OPEN_TO_CHOICES | {Status.PLACED}
    if free and sunk_cost:
        raise NotAllowed("nothing is spent before the order is queued: leave it out", "sunk_cost")
    if not free and sunk_cost is None:
        raise NotAllowed("work has been queued: say what was spent so far, 0 even", "sunk_cost")
    if sunk_cost is not None and sunk_cost < 0:
        raise NotAllowed("what was spent is not negative", "sunk_cost")
    need_currency(order, currency)
    return [
        e.OrderCancelled(
            sunk_cost=sunk_cost or Decimal(0), currency=currency or order.progress.currency
        )
    ]


def _need_made(order: Order, change: e.ChangeOrderRequested, book: Book) -> None:
    """The order can be made with the change."""
    after = changed(order, change)
    if choice := after.options.get((change.line_id, change.option)):
        [line] = [li for li in order.progress.lines if li.line_id == change.line_id]
        need_offered(book, line.product, choice)
    need_complete(book, selections(after))


def _change(order: Order, change_id: str) -> ChangeOrder:
    asked = order.progress.change(change_id)
    if asked is None:
        raise NameUnknown(f"the order has no change order {change_id}: request it", "change_id")
    if order.status in INACTIVE:
        raise StatusForbids(
            f"the order is {order.status}: nothing of it changes",
            "status",
            status=order.status.value,
        )
    return asked


def _unanswered(approved: bool | None) -> None:
    if approved is not None:
        said = "approved" if approved else "rejected"
        raise NotAllowed(f"the change order was {said} already: request another", "change_id")


def _resumed(order: Order, change_id: str) -> list[e.OrderEvent]:
    paused = tuple(o.operation_id for o in order.progress.operations if o.paused_by == change_id)
    return [e.OperationsResumed(change_id=change_id, operations=paused)] if paused else []
