"""The rules that a report may break. It is recorded all the same, because it has happened.

Which rules an event broke is not stored with it: views compute it, by the rules of their version.
"""

from __future__ import annotations

from collections.abc import Iterator

from domain.order import events as e
from domain.order import reports as r
from domain.order.progress import HANDED_OVER, Progress, Status


def unexpected(progress: Progress, event: e.OrderEvent) -> list[str]:
    """Return the names of the rules that an event breaks, given the progress before it."""
    return list(_broken_rules(progress, event))


def _broken_rules(progress: Progress, event: e.OrderEvent) -> Iterator[str]:
    if isinstance(event, _PLANT) and progress.status is Status.CANCELLED:
        yield "reported-after-cancelling"
    match event:
        case r.OrderAdopted():
            if progress.status is not Status.NEW:
                yield "adopted-twice"
        case r.OrderLineAdopted(line_id=line):
            if progress.line(line):
                yield "line-adopted-twice"
            yield from _check_currency(progress, event.currency)
        case r.OrderAdjusted(currency=currency):
            yield from _check_currency(progress, currency)
        case r.PaymentRecorded(amount=amount, currency=currency):
            foreign = list(_check_currency(progress, currency))
            yield from foreign
            if not foreign and progress.paid + amount > progress.total + progress.adjusted:
                yield "paid-more-than-agreed"
        case r.OperationQueued(operation_id=id):
            if progress.operation(id):
                yield "queued-twice"
        case r.OperationStarted() | r.OperationCompleted():
            yield from _check_work(progress, event)
        case r.QualityCheckPassed() | r.QualityCheckFailed():
            checked = progress.line(event.line_id)
            if checked is None:
                yield "check-of-an-unknown-line"
            elif event.quantity > checked.outstanding:
                yield "more-checked-than-ordered"
        case r.PackagingStarted() | r.OrderPackaged():
            latest = {check.line_id: check for check in progress.checks}
            if not progress.adopted and not (latest and all(c.passed for c in latest.values())):
                yield "packaged-without-a-passed-check"
        case r.OrderShipped():
            if progress.status is not Status.PACKAGED and not progress.adopted:
                yield "shipped-without-being-packaged"
            if any(operation.is_open for operation in progress.operations):
                yield "shipped-with-open-operations"
        case r.OrderDelivered():
            if progress.status is not Status.SHIPPED and not progress.adopted:
                yield "delivered-without-being-shipped"
        case r.CustomizationAppliedInUse():
            if progress.status not in HANDED_OVER:
                yield "applied-before-delivery"
        case r.ReturnReceived(return_id=id, lines=lines):
            if id not in progress.returns:
                yield "returned-without-a-request"
            yield from _check_returns(progress, lines)
        case r.ReturnReported(lines=lines):
            if not progress.lines:
                yield "return-fits-no-sale"
            yield from _check_returns(progress, lines)


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


def _check_currency(progress: Progress, currency: str) -> Iterator[str]:
    if progress.currency not in (None, currency):
        yield "another-currency"


def _check_work(
    progress: Progress, event: r.OperationStarted | r.OperationCompleted
) -> Iterator[str]:
    operation = progress.operation(event.operation_id)
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


def _check_returns(progress: Progress, lines: tuple[r.ReturnLine, ...]) -> Iterator[str]:
    for line in lines:
        sold = progress.line(line.line_id) if line.line_id else None
        if sold and sold.returned + line.quantity > sold.ordered:
            yield "returned-more-than-sold"
