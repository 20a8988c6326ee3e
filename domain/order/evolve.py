"""How events move an order on. `evolve` never refuses: what a report breaks, `expected.py` says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any, assert_never

from domain.order import events as e
from domain.order import reports as r
from domain.order.progress import ChangeOrder, Check, Line, Operation, Progress, Promise, Status
from domain.order.sales import sold


def evolve(order: Progress, event: e.OrderEvent, at: datetime) -> Progress:
    """The order after an event that happened `at` a time."""
    match event:
        case e.OrderDrafted(lines=lines):
            made = tuple(
                Line(line_id=li.line_id, product=li.product, ordered=li.quantity) for li in lines
            )
            return replace(order, status=Status.DRAFT, lines=made)
        case (
            e.OptionChosen()
            | e.OptionCleared()
            | e.SpecialInstructionGiven()
            | e.SpecialInstructionAccepted()
            | e.SpecialInstructionDeclined()
            | e.QuoteExpired()
        ):
            return _moved(order, {Status.QUOTED}, Status.DRAFT)
        case e.QuoteIssued():
            return _moved(order, {Status.DRAFT}, Status.QUOTED)
        case e.OrderPlaced(currency=currency):
            return replace(
                order, status=Status.PLACED, placed=at, total=sold(order.total, event),
                currency=currency or order.currency,
            )  # fmt: skip
        case r.OrderAdopted(lines=lines):
            return _adopted(order, event, tuple(map(_line, lines)), at)
        case r.OrderLineAdopted(line_id=id):
            others = order.lines
            if order.line(id):
                others = tuple(li for li in others if li.line_id != id)
            return _adopted(order, event, (*others, _line(event)), at)
        case r.OrderAdjusted(amount=amount, currency=currency):
            return replace(
                order, adjusted=order.adjusted + amount, currency=order.currency or currency
            )
        case r.PaymentRecorded(amount=amount, currency=currency):
            if currency != (order.currency or currency):
                return order
            return replace(order, paid=order.paid + amount, currency=currency)
        case e.RefundIssued(amount=amount):
            return replace(order, refunded=order.refunded + amount)
        case e.PromiseMade(p50=p50, p90=p90):
            return replace(order, promise=Promise(p50=p50, p90=p90, made=at))
        case e.PromiseRevised(p50=p50, p90=p90):
            revisions = order.promise.revisions + 1 if order.promise else 0
            new = Promise(p50=p50, p90=p90, made=at, revisions=revisions)
            return replace(order, promise=new)
        case e.PromiseKept() | e.PromiseMissed():
            if order.promise is None:
                return order
            kept = isinstance(event, e.PromiseKept)
            return replace(order, promise=replace(order.promise, kept=kept))
        case e.ChangeOrderRequested():
            asked = ChangeOrder(
                change_id=event.change_id, line_id=event.line_id,
                delta_price=event.delta_price, delta_days=event.delta_days,
            )  # fmt: skip
            return replace(order, changes=(*order.changes, asked))
        case e.ChangeOrderApproved(change_id=change) | e.ChangeOrderRejected(change_id=change):
            return _answered(order, change, isinstance(event, e.ChangeOrderApproved))
        case e.ReturnRequested(return_id=id):
            return replace(order, returns=(*order.returns, id))
        case r.ReturnReceived(lines=lines):
            return replace(_returned(order, lines), status=Status.RETURNED)
        case r.ReturnReported(lines=lines, currency=currency):
            moved = _moved(order, {Status.NEW}, Status.RETURNED)
            return replace(_returned(moved, lines), currency=order.currency or currency)
        case e.OrderCancelled(sunk_cost=cost):
            closed = tuple(replace(o, closed=at) if o.open else o for o in order.operations)
            return replace(
                order, status=Status.CANCELLED, cancelled=at, sunk_cost=cost, operations=closed
            )
        case e.SpecialInstructionInterpreted():
            return order
        case _:
            return _made(order, event, at)


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


def _made(order: Progress, event: Making, at: datetime) -> Progress:
    """What happens in the plant, and on the way to the customer."""
    match event:
        case e.OrderQueued(route=route):
            return replace(_queued(order, route, at), status=Status.QUEUED)
        case r.OperationQueued():
            return _queued(order, [event], at)
        case r.OperationStarted():
            moved = _moved(order, {Status.PLACED, Status.QUEUED}, Status.IN_PRODUCTION)
            return _worked(moved, event, started=at)
        case r.OperationCompleted(quantity=quantity, run_s=run_s):
            return _worked(order, event, completed=at, quantity=quantity, run_s=run_s)
        case e.OperationsPaused(change_id=change, operations=ids):
            return _paused(order, ids, change)
        case e.OperationsResumed(operations=ids):
            return _paused(order, ids, None)
        case r.QualityCheckPassed(check_id=check, line_id=line, quantity=quantity):
            passed = Check(check_id=check, line_id=line, passed=True, quantity=quantity)
            return _tallied(_checked(order, passed), line, good=quantity)
        case r.QualityCheckFailed(check_id=check, line_id=line, quantity=quantity):
            failed = Check(
                check_id=check, line_id=line, passed=False, quantity=quantity,
                defect=event.defect, instruction_id=event.instruction_id,
            )  # fmt: skip
            return _tallied(_checked(order, failed), line, scrap=quantity)
        case e.ReworkOrdered(check_id=id, route=route):
            cause = order.check(id)
            again = replace(_marked(order, id, reworked=True), status=Status.REWORK)
            if cause and not cause.reworked:
                again = _tallied(again, cause.line_id, scrap=-cause.quantity)
            return _queued(again, route, at)
        case e.ReworkEscalated(check_id=id):
            return _marked(order, id, escalated=True)
        case r.PackagingStarted():
            return replace(order, packaging=at)
        case r.OrderPackaged():
            return replace(order, status=Status.PACKAGED, packaged=at)
        case r.OrderShipped():
            return replace(order, status=Status.SHIPPED, shipped=at)
        case r.OrderDelivered():
            return replace(order, status=Status.DELIVERED, delivered=at)
        case r.CustomizationAppliedInUse():
            return _moved(order, {Status.DELIVERED}, Status.IN_USE)
        case _:
            assert_never(event)


def _moved(order: Progress, before: set[Status], after: Status) -> Progress:
    return replace(order, status=after) if order.status in before else order


def _adopted(
    order: Progress, event: r.OrderAdopted | r.OrderLineAdopted, lines: tuple[Line, ...],
    at: datetime,
) -> Progress:  # fmt: skip
    status = Status.PLACED if order.status is Status.NEW else order.status
    return replace(
        order, adopted=True, status=status, total=sold(order.total, event), lines=lines,
        currency=order.currency or event.currency, placed=min(order.placed or at, at),
    )  # fmt: skip


def _line(line: r.AdoptedLine | r.OrderLineAdopted) -> Line:
    return Line(
        line_id=line.line_id, product=line.product, ordered=line.quantity,
        unit_price=line.unit_price,
    )  # fmt: skip


def _queued(order: Progress, route: Sequence[e.Step | r.OperationQueued], at: datetime) -> Progress:
    for step in route:
        order = _worked(order, step, queued=at)
    return order


def _worked(
    order: Progress, work: e.Step | r.OperationQueued | r.OperationStarted | r.OperationCompleted,
    **now: Any,
) -> Progress:  # fmt: skip
    known = order.operation(work.operation_id)
    new = known or Operation(
        operation_id=work.operation_id, line_id=work.line_id, work_centre=work.work_centre
    )
    changed = replace(new, **now)
    if known is None:
        return replace(order, operations=(*order.operations, changed))
    return replace(order, operations=tuple(changed if o is known else o for o in order.operations))


def _paused(order: Progress, ids: tuple[str, ...], change: str | None) -> Progress:
    return replace(
        order,
        operations=tuple(
            replace(o, paused_by=change) if o.operation_id in ids else o for o in order.operations
        ),
    )


def _checked(order: Progress, check: Check) -> Progress:
    before = {Status.QUEUED, Status.IN_PRODUCTION, Status.REWORK, Status.PLACED}
    return replace(_moved(order, before, Status.QUALITY_CHECK), checks=(*order.checks, check))


def _marked(order: Progress, check_id: str, **now: Any) -> Progress:
    return replace(
        order,
        checks=tuple(replace(c, **now) if c.check_id == check_id else c for c in order.checks),
    )


def _tallied(order: Progress, line_id: str, good: int = 0, scrap: int = 0) -> Progress:
    return replace(
        order,
        lines=tuple(
            replace(li, good=li.good + good, scrap=li.scrap + scrap)
            if li.line_id == line_id
            else li
            for li in order.lines
        ),
    )


def _returned(order: Progress, lines: tuple[r.ReturnLine, ...]) -> Progress:
    """Each returned line counts on its sale's line, where it names one."""
    back = {line.line_id: line.quantity for line in lines}
    return replace(
        order,
        lines=tuple(
            replace(li, returned=li.returned + back.get(li.line_id, 0)) for li in order.lines
        ),
    )


def _answered(order: Progress, change_id: str, approved: bool) -> Progress:
    changes = tuple(
        replace(c, approved=approved) if c.change_id == change_id else c for c in order.changes
    )
    asked = order.change(change_id)
    more = asked.delta_price if asked and approved else Decimal(0)
    return replace(order, changes=changes, total=order.total + more)
