"""How each event changes the progress of an order.

No event is refused here: a report that breaks a rule is recorded all the same, and
`expected.unexpected` names the rule.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, assert_never

from msgspec.structs import replace

from domain.order import events as e
from domain.order import reports as r
from domain.order.progress import (
    ChangeOrder,
    Check,
    Operation,
    OrderedLine,
    Progress,
    Promise,
    Status,
)
from domain.order.sales import add_sale


def evolve(progress: Progress, event: e.OrderEvent, at: datetime) -> Progress:
    """Return the progress after an event that happened at the time `at`."""
    match event:
        case e.OrderDrafted(lines=lines):
            ordered = tuple(
                OrderedLine(line_id=li.line_id, product=li.product, ordered=li.quantity)
                for li in lines
            )
            return replace(progress, status=Status.DRAFT, lines=ordered)
        case (
            e.OptionChosen()
            | e.OptionCleared()
            | e.SpecialInstructionGiven()
            | e.SpecialInstructionAccepted()
            | e.SpecialInstructionDeclined()
            | e.QuoteExpired()
        ):
            return _change_status(progress, {Status.QUOTED}, Status.DRAFT)
        case e.QuoteIssued():
            return _change_status(progress, {Status.DRAFT}, Status.QUOTED)
        case e.OrderPlaced(currency=currency):
            return replace(
                progress, status=Status.PLACED, placed=at, total=add_sale(progress.total, event),
                currency=currency or progress.currency,
            )  # fmt: skip
        case r.OrderAdopted(lines=lines):
            return _adopt(progress, event, tuple(map(_ordered_line, lines)), at)
        case r.OrderLineAdopted(line_id=id):
            others = progress.lines
            if progress.line(id):
                others = tuple(li for li in others if li.line_id != id)
            return _adopt(progress, event, (*others, _ordered_line(event)), at)
        case r.OrderAdjusted(amount=amount, currency=currency):
            return replace(
                progress,
                adjusted=progress.adjusted + amount,
                currency=progress.currency or currency,
            )
        case r.PaymentRecorded(amount=amount, currency=currency):
            if currency != (progress.currency or currency):
                return progress
            return replace(progress, paid=progress.paid + amount, currency=currency)
        case e.RefundIssued(amount=amount):
            return replace(progress, refunded=progress.refunded + amount)
        case e.PromiseMade(p50=p50, p90=p90):
            return replace(progress, promise=Promise(p50=p50, p90=p90, given_at=at))
        case e.PromiseRevised(p50=p50, p90=p90):
            revisions = progress.promise.revisions + 1 if progress.promise else 0
            revised = Promise(p50=p50, p90=p90, given_at=at, revisions=revisions)
            return replace(progress, promise=revised)
        case e.PromiseKept() | e.PromiseMissed():
            if progress.promise is None:
                return progress
            kept = isinstance(event, e.PromiseKept)
            return replace(progress, promise=replace(progress.promise, kept=kept))
        case e.ChangeOrderRequested():
            change = ChangeOrder(
                change_id=event.change_id, line_id=event.line_id,
                delta_price=event.delta_price, delta_days=event.delta_days,
            )  # fmt: skip
            return replace(progress, changes=(*progress.changes, change))
        case e.ChangeOrderApproved(change_id=id) | e.ChangeOrderRejected(change_id=id):
            return _answer_change(progress, id, isinstance(event, e.ChangeOrderApproved))
        case e.ReturnRequested(return_id=id):
            return replace(progress, returns=(*progress.returns, id))
        case r.ReturnReceived(lines=lines):
            return replace(_count_returns(progress, lines), status=Status.RETURNED)
        case r.ReturnReported(lines=lines, currency=currency):
            progress = _change_status(progress, {Status.NEW}, Status.RETURNED)
            return replace(_count_returns(progress, lines), currency=progress.currency or currency)
        case e.OrderCancelled(sunk_cost=cost):
            closed = tuple(replace(o, closed=at) if o.is_open else o for o in progress.operations)
            return replace(
                progress, status=Status.CANCELLED, cancelled=at, sunk_cost=cost, operations=closed
            )
        case e.SpecialInstructionInterpreted():
            return progress
        case _:
            return _evolve_making(progress, event, at)


Making = (
    e.OrderQueued
    | e.OperationsPaused
    | e.OperationsResumed
    | e.ReworkOrdered
    | e.ReworkEscalated
    | r.OperationQueued
    | r.OperationStarted
    | r.OperationCompleted
    | r.QualityCheckPassed
    | r.QualityCheckFailed
    | r.PackagingStarted
    | r.OrderPackaged
    | r.OrderShipped
    | r.OrderDelivered
    | r.CustomizationAppliedInUse
)


def _evolve_making(progress: Progress, event: Making, at: datetime) -> Progress:
    """Return the progress after an event in the plant, or on the way to the customer."""
    match event:
        case e.OrderQueued(route=route):
            return replace(_queue(progress, route, at), status=Status.QUEUED)
        case r.OperationQueued():
            return _queue(progress, [event], at)
        case r.OperationStarted():
            before = {Status.PLACED, Status.QUEUED}
            progress = _change_status(progress, before, Status.IN_PRODUCTION)
            return _update_operation(progress, event, started=at)
        case r.OperationCompleted(quantity=quantity, run_s=run_s):
            return _update_operation(progress, event, completed=at, quantity=quantity, run_s=run_s)
        case e.OperationsPaused(change_id=change, operations=ids):
            return _pause(progress, ids, change)
        case e.OperationsResumed(operations=ids):
            return _pause(progress, ids, None)
        case r.QualityCheckPassed(check_id=check, line_id=line, quantity=quantity):
            passed = Check(check_id=check, line_id=line, passed=True, quantity=quantity)
            return _count_pieces(_add_check(progress, passed), line, good=quantity)
        case r.QualityCheckFailed(check_id=check, line_id=line, quantity=quantity):
            failed = Check(
                check_id=check, line_id=line, passed=False, quantity=quantity,
                defect=event.defect, instruction_id=event.instruction_id,
            )  # fmt: skip
            return _count_pieces(_add_check(progress, failed), line, scrap=quantity)
        case e.ReworkOrdered(check_id=id, route=route):
            cause = progress.check(id)
            progress = replace(_update_check(progress, id, reworked=True), status=Status.REWORK)
            if cause and not cause.reworked:
                progress = _count_pieces(progress, cause.line_id, scrap=-cause.quantity)
            return _queue(progress, route, at)
        case e.ReworkEscalated(check_id=id):
            return _update_check(progress, id, escalated=True)
        case r.PackagingStarted():
            return replace(progress, packaging=at)
        case r.OrderPackaged():
            return replace(progress, status=Status.PACKAGED, packaged=at)
        case r.OrderShipped():
            return replace(progress, status=Status.SHIPPED, shipped=at)
        case r.OrderDelivered():
            return replace(progress, status=Status.DELIVERED, delivered=at)
        case r.CustomizationAppliedInUse():
            return _change_status(progress, {Status.DELIVERED}, Status.IN_USE)
        case _:
            assert_never(event)


def _change_status(progress: Progress, before: set[Status], after: Status) -> Progress:
    """The progress with the status `after`, if its status is one of `before`."""
    return replace(progress, status=after) if progress.status in before else progress


def _adopt(
    progress: Progress, event: r.OrderAdopted | r.OrderLineAdopted,
    lines: tuple[OrderedLine, ...], at: datetime,
) -> Progress:  # fmt: skip
    status = Status.PLACED if progress.status is Status.NEW else progress.status
    return replace(
        progress, adopted=True, status=status, total=add_sale(progress.total, event), lines=lines,
        currency=progress.currency or event.currency, placed=min(progress.placed or at, at),
    )  # fmt: skip


def _ordered_line(line: r.AdoptedLine | r.OrderLineAdopted) -> OrderedLine:
    return OrderedLine(
        line_id=line.line_id, product=line.product, ordered=line.quantity,
        unit_price=line.unit_price,
    )  # fmt: skip


def _queue(
    progress: Progress, route: Sequence[e.Step | r.OperationQueued], at: datetime
) -> Progress:
    for step in route:
        progress = _update_operation(progress, step, queued=at)
    return progress


def _update_operation(
    progress: Progress,
    step: e.Step | r.OperationQueued | r.OperationStarted | r.OperationCompleted,
    **changes: Any,
) -> Progress:
    """Changes the operation that a step or report names; adds it if the order has none such."""
    before = progress.operation(step.operation_id)
    after = replace(
        before
        or Operation(
            operation_id=step.operation_id, line_id=step.line_id, work_centre=step.work_centre
        ),
        **changes,
    )
    operations = progress.operations
    if before is None:
        return replace(progress, operations=(*operations, after))
    return replace(progress, operations=tuple(after if o is before else o for o in operations))


def _pause(progress: Progress, ids: tuple[str, ...], change: str | None) -> Progress:
    """Make operations wait for a change order; None: for none any more."""
    return replace(
        progress,
        operations=tuple(
            replace(o, paused_by=change) if o.operation_id in ids else o
            for o in progress.operations
        ),
    )


def _add_check(progress: Progress, check: Check) -> Progress:
    before = {Status.QUEUED, Status.IN_PRODUCTION, Status.REWORK, Status.PLACED}
    progress = _change_status(progress, before, Status.QUALITY_CHECK)
    return replace(progress, checks=(*progress.checks, check))


def _update_check(progress: Progress, check_id: str, **changes: Any) -> Progress:
    return replace(
        progress,
        checks=tuple(
            replace(c, **changes) if c.check_id == check_id else c for c in progress.checks
        ),
    )


def _count_pieces(progress: Progress, line_id: str, good: int = 0, scrap: int = 0) -> Progress:
    return replace(
        progress,
        lines=tuple(
            replace(li, good=li.good + good, scrap=li.scrap + scrap)
            if li.line_id == line_id
            else li
            for li in progress.lines
        ),
    )


def _count_returns(progress: Progress, lines: tuple[r.ReturnLine, ...]) -> Progress:
    """Counts returned pieces on the lines that they were sold on, where the return names those."""
    pieces = {line.line_id: line.quantity for line in lines}
    return replace(
        progress,
        lines=tuple(
            replace(li, returned=li.returned + pieces.get(li.line_id, 0)) for li in progress.lines
        ),
    )


def _answer_change(progress: Progress, change_id: str, approved: bool) -> Progress:
    """Notes the answer to a change order; an approved one changes the total."""
    change = progress.change(change_id)
    difference = change.delta_price if change and approved else Decimal(0)
    changes = tuple(
        replace(c, approved=approved) if c.change_id == change_id else c for c in progress.changes
    )
    return replace(progress, changes=changes, total=progress.total + difference)
