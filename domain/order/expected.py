"""The rules that a report may break. Refusing it would lose what has happened; audit lists it.

Not stored: the rules of today are asked, and a view's version names them.
"""

from __future__ import annotations

from collections.abc import Iterator

from domain.order import events as e
from domain.order import reports as r
from domain.order.progress import HANDED_OVER, Progress, Status


def unexpected(order: Progress, event: e.OrderEvent) -> list[str]:
    """The names of the rules that `event` breaks on an order that is as `order` says."""
    return list(_broken(order, event))


def _broken(order: Progress, event: e.OrderEvent) -> Iterator[str]:
    if isinstance(event, _PLANT) and order.status is Status.CANCELLED:
        yield "reported-after-cancelling"
    match event:
        case r.OrderAdopted():
            if order.status is not Status.NEW:
                yield "adopted-twice"
        case r.OrderLineAdopted(line_id=line):
            if order.line(line):
                yield "line-adopted-twice"
            yield from _currency(order, event.currency)
        case r.OrderAdjusted(currency=currency):
            yield from _currency(order, currency)
        case r.PaymentRecorded(amount=amount, currency=currency):
            foreign = [*_currency(order, currency)]
            yield from foreign
            if not foreign and order.paid + amount > order.total + order.adjusted:
                yield "paid-more-than-agreed"
        case r.OperationQueued(operation_id=id):
            if order.operation(id):
                yield "queued-twice"
        case r.OperationStarted() | r.OperationCompleted():
            yield from _work(order, event)
        case r.QualityCheckPassed() | r.QualityCheckFailed():
            checked = order.line(event.line_id)
            if checked is None:
                yield "check-of-an-unknown-line"
            elif event.quantity > checked.outstanding:
                yield "more-checked-than-ordered"
        case r.PackagingStarted() | r.OrderPackaged():
            latest = {check.line_id: check for check in order.checks}
            if not order.adopted and not (latest and all(c.passed for c in latest.values())):
                yield "packaged-without-a-passed-check"
        case r.OrderShipped():
            if order.status is not Status.PACKAGED and not order.adopted:
                yield "shipped-without-being-packaged"
            if any(operation.is_open for operation in order.operations):
                yield "shipped-with-open-operations"
        case r.OrderDelivered():
            if order.status is not Status.SHIPPED and not order.adopted:
                yield "delivered-without-being-shipped"
        case r.CustomizationAppliedInUse():
            if order.status not in HANDED_OVER:
                yield "applied-before-delivery"
        case r.ReturnReceived(return_id=id, lines=lines):
            if id not in order.returns:
                yield "returned-without-a-request"
            yield from _too_many(order, lines)
        case r.ReturnReported(lines=lines):
            if not order.lines:
                yield "return-fits-no-sale"
            yield from _too_many(order, lines)


_PLANT = (
    r.OperationQueued,
    r.OperationStarted,
    r.OperationCompleted,
    r.QualityCheckPassed,
    r.QualityCheckFailed,
    r.PackagingStarted,
    r.OrderPackaged,
    r.OrderShipped,
    r.OrderDelivered,
)


def _currency(order: Progress, currency: str) -> Iterator[str]:
    if order.currency not in (None, currency):
        yield "another-currency"


def _work(order: Progress, event: r.OperationStarted | r.OperationCompleted) -> Iterator[str]:
    operation = order.operation(event.operation_id)
    if operation and operation.paused_by:
        yield "worked-on-while-paused"
    if isinstance(event, r.OperationStarted):
        if operation is None or operation.queued is None:
            yield "started-without-being-queued"
        elif operation.started:
            yield "started-twice"
    elif operation is None or operation.started is None:
        yield "completed-without-being-started"
    elif operation.completed:
        yield "completed-twice"


def _too_many(order: Progress, lines: tuple[r.ReturnLine, ...]) -> Iterator[str]:
    for line in lines:
        sold = order.line(line.line_id) if line.line_id else None
        if sold and sold.returned + line.quantity > sold.ordered:
            yield "returned-more-than-sold"
