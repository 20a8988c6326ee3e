"""What may be decided about an order: state and a command give events, or a refusal.

A command that asks for what is so already gives no events. Reports are in `reports.py`: nobody
decides about what has happened.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Annotated

import msgspec
from pydantic import Field

from domain.errors import NotAllowed
from domain.order import events as e
from domain.order import reports as r
from domain.order.progress import OPEN_TO_CHOICES, OVER, ChangeOrder, Status, later
from domain.order.state import Answer, Order
from domain.values import Currency, Money, Name, Quantity, Share, Time

ENGINE = "given.v1"
"""The lines of the quote were given by whoever asked for it."""

# The configuration.


def draft(
    order: Order, *, lines: Sequence[e.OrderLine], from_design: Name | None = None
) -> list[e.OrderEvent]:
    if order.status is not Status.NEW:
        raise NotAllowed(
            f"the order is {order.status} and cannot be drafted: "
            "an order is drafted once: choose another id",
            "status",
        )
    _apart([line.line_id for line in lines], "line", "lines")
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


def instruct(order: Order, *, instruction: e.SpecialInstructionGiven) -> list[e.OrderEvent]:
    known = order.instructions.get(instruction.instruction_id)
    if known and known.given == instruction:
        return []
    _need(order, OPEN_TO_CHOICES, "take an instruction", "ask for a change order")
    if known:
        raise NotAllowed("this id names another instruction: use a new one", "instruction_id")
    if instruction.line_id is not None:
        _line(order, instruction.line_id)
    return [instruction]


def interpret(
    order: Order,
    *,
    instruction_id: Name,
    operations: Annotated[Sequence[Name], Field(max_length=100)],
    confidence: Share,
    by: Name,
) -> list[e.OrderEvent]:
    """May be said again, and differently, until the instruction is accepted or declined."""
    _asked(order, instruction_id, Answer.GIVEN, Answer.INTERPRETED)
    return [
        e.SpecialInstructionInterpreted(
            instruction_id=instruction_id, operations=tuple(operations), confidence=confidence,
            by=by,
        )
    ]  # fmt: skip


def accept(order: Order, *, instruction_id: Name) -> list[e.OrderEvent]:
    if _answer(order, instruction_id) is Answer.ACCEPTED:
        return []
    _asked(order, instruction_id, Answer.INTERPRETED)
    return [e.SpecialInstructionAccepted(instruction_id=instruction_id)]


def decline(order: Order, *, instruction_id: Name, cause: Name | None = None) -> list[e.OrderEvent]:
    if _answer(order, instruction_id) is Answer.DECLINED:
        return []
    _asked(order, instruction_id, Answer.GIVEN, Answer.INTERPRETED)
    return [e.SpecialInstructionDeclined(instruction_id=instruction_id, cause=cause)]


# The price.


def quote(
    order: Order,
    *,
    quote_id: Name,
    lines: Sequence[e.QuoteLine],
    currency: Currency,
    expires_at: Time,
    configuration_hash: str,
    now: datetime,
) -> list[e.OrderEvent]:
    """A price for the configuration as it is; each line of the order is priced once."""
    if quote_id in order.quotes:
        known = order.quotes[quote_id]
        if (known.lines, known.currency, known.expires_at) == (tuple(lines), currency, expires_at):
            return []
        raise NotAllowed("this id names another quote: use a new one", "quote_id")
    _need(order, OPEN_TO_CHOICES, "be quoted", "a placed order is requoted by a change order")
    _apart([line.line_id for line in lines], "line", "lines")
    wanted = {line.line_id for line in order.progress.lines}
    if wrong := wanted ^ {line.line_id for line in lines}:
        raise NotAllowed(f"line {min(wrong)}: price each line of the order, and no other", "lines")
    if any(line.amount < 0 for line in lines):
        raise NotAllowed("a price is negative: give a discount as a lower price", "lines")
    if expires_at <= now:
        raise NotAllowed("the quote has expired already: name a later time", "expires_at")
    inputs = (e.QuoteInput(name="clock", value=now.isoformat()),)
    return [
        e.QuoteIssued(
            quote_id=quote_id,
            lines=tuple(lines),
            total=sum((line.amount for line in lines), Decimal(0)),
            currency=currency,
            inputs=inputs,
            inputs_hash=hashlib.sha256(msgspec.json.encode(inputs)).hexdigest(),
            configuration_hash=configuration_hash,
            engine_version=ENGINE,
            trace=tuple(
                e.TraceLine(rule_id="given", basis=line.line_id, amount=line.amount)
                for line in lines
            ),
            expires_at=expires_at,
        )
    ]


def expire_quote(order: Order, *, quote_id: Name, now: datetime) -> list[e.OrderEvent]:
    """Nothing to say of a quote that was placed, replaced, or is still good."""
    latest = order.quote
    if latest is None or latest.quote_id != quote_id or order.status not in OPEN_TO_CHOICES:
        return []
    if quote_id in order.expired or now < latest.expires_at:
        return []
    return [e.QuoteExpired(quote_id=quote_id)]


def place(
    order: Order, *, quote_id: Name, configuration_hash: str, now: datetime
) -> list[e.OrderEvent]:
    if order.placed_quote == quote_id:
        return []  # said twice, recorded once, whatever came since
    _need(order, OPEN_TO_CHOICES, "be placed", "only a draft can be placed")
    latest = order.quote
    if latest is None or latest.quote_id != quote_id:
        raise NotAllowed(f"the order has no open quote {quote_id}: ask for a quote", "quote_id")
    if quote_id in order.expired or latest.expires_at <= now:
        raise NotAllowed(
            f"quote {quote_id} expired at {latest.expires_at:%Y-%m-%dT%H:%M:%SZ}: "
            "ask for another one",
            "quote_id",
        )
    for id, wish in order.instructions.items():
        if wish.answer not in (Answer.ACCEPTED, Answer.DECLINED):
            raise NotAllowed(
                f"instruction {id} is open: accept or decline it first", "instruction_id"
            )
    if latest.configuration_hash != configuration_hash:
        raise NotAllowed(
            f"the order has changed since quote {quote_id}: ask for another one", "quote_id"
        )
    return [e.OrderPlaced(quote_id=quote_id, total=latest.total, currency=latest.currency)]


# The date.


def promise(order: Order, *, p50: Time, p90: Time, basis: Name) -> list[e.OrderEvent]:
    """The first promise of an order, or another one: what it was before stays in its history."""
    _agreed(order, "be promised")
    if p90 < p50:
        raise NotAllowed("p90 is before p50: nine of ten take longer than half", "p90")
    known = order.progress.promise
    if known is None:
        return [e.PromiseMade(p50=p50, p90=p90, basis=basis)]
    if (known.p50, known.p90) == (p50, p90):
        return []
    return [e.PromiseRevised(p50=p50, p90=p90, basis=basis)]


def settle_promise(order: Order, *, now: datetime) -> list[e.OrderEvent]:
    """Kept when the delivery was in time, missed when the promised day (UTC) has passed.

    A delivery in time that is reported late mends what was said to be missed.
    """
    said, delivered = order.progress.promise, order.progress.delivered
    if said is None or said.kept or order.status is Status.CANCELLED:
        return []
    if delivered and delivered.date() <= said.p90.date():
        return [e.PromiseKept(promised=said.p90, delivered=delivered)]
    if said.kept is None and (delivered or now.date() > said.p90.date()):
        return [e.PromiseMissed(promised=said.p90, delivered=delivered)]
    return []


# Changes to what is agreed.


def request_change(order: Order, *, change: e.ChangeOrderRequested) -> list[e.OrderEvent]:
    """Pauses the open operations of the line until somebody has approved or rejected it."""
    if order.changes.get(change.change_id) == change:
        return []
    _agreed(order, "take a change order")
    _line(order, change.line_id)
    if change.change_id in order.changes:
        raise NotAllowed("this id names another change order: use a new one", "change_id")
    touched = tuple(
        o.operation_id
        for o in order.progress.operations
        if o.line_id == change.line_id and o.open and o.paused_by is None
    )
    paused = e.OperationsPaused(change_id=change.change_id, operations=touched)
    return [change, paused] if touched else [change]


def approve_change(order: Order, *, change_id: Name) -> list[e.OrderEvent]:
    """Takes effect at once: the choice, the price, and the promise by so many days."""
    asked = _change(order, change_id)
    if asked.approved:
        return []
    _unanswered(asked.approved)
    said: list[e.OrderEvent] = [e.ChangeOrderApproved(change_id=change_id)]
    if order.progress.promise and asked.delta_days:
        p50, p90 = later(order.progress.promise, asked.delta_days)
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
    if order.status in OVER or order.progress.shipped or order.progress.delivered:
        raise NotAllowed(f"an order that is {order.status} cannot be cancelled", "status")
    free = order.status in OPEN_TO_CHOICES | {Status.PLACED}
    if free and sunk_cost:
        raise NotAllowed("nothing is spent before the order is queued: leave it out", "sunk_cost")
    if not free and sunk_cost is None:
        raise NotAllowed("work has been queued: say what was spent so far, 0 even", "sunk_cost")
    if sunk_cost is not None and sunk_cost < 0:
        raise NotAllowed("what was spent is not negative", "sunk_cost")
    _currency(order, currency)
    return [
        e.OrderCancelled(
            sunk_cost=sunk_cost or Decimal(0), currency=currency or order.progress.currency
        )
    ]


# The plant, and what comes back.


def queue(order: Order, *, route: Sequence[e.Step]) -> list[e.OrderEvent]:
    _need(order, {Status.PLACED}, "be queued", "place it first")
    _route(order, route)
    return [e.OrderQueued(route=tuple(route))]


def rework(
    order: Order, *, check_id: Name, route: Sequence[e.Step], most: Quantity = 3
) -> list[e.OrderEvent]:
    """After `most` tries on a line it is escalated instead: a person decides."""
    failed = order.progress.check(check_id)
    if failed is None or failed.passed:
        raise NotAllowed(f"no check {check_id} failed: rework names its cause", "check_id")
    if failed.reworked or failed.escalated:
        return []
    _agreed(order, "be reworked")
    _route(order, route)
    tries = sum(c.reworked for c in order.progress.checks if c.line_id == failed.line_id)
    if tries >= most:
        return [e.ReworkEscalated(check_id=check_id, tries=tries)]
    return [e.ReworkOrdered(check_id=check_id, route=tuple(route))]


def request_return(
    order: Order, *, return_id: Name, lines: Sequence[r.ReturnLine]
) -> list[e.OrderEvent]:
    if return_id in order.progress.returns:
        return []
    if order.progress.delivered is None:
        raise NotAllowed(f"the order is {order.status}, not delivered: cancel it instead", "status")
    for line in lines:
        sold = order.progress.line(line.line_id or "")
        if sold is None:
            raise NotAllowed("a return names the lines of its order", "lines")
        if line.quantity > sold.ordered - sold.returned:
            left = sold.ordered - sold.returned
            raise NotAllowed(f"of line {sold.line_id} only {left} can come back", "lines")
    return [e.ReturnRequested(return_id=return_id, lines=tuple(lines))]


def refund(
    order: Order,
    *,
    refund_id: Name,
    amount: Money,
    currency: Currency,
    return_id: Name | None = None,
) -> list[e.OrderEvent]:
    if refund_id in order.refunds:
        return []
    _currency(order, currency)
    if amount <= 0:
        raise NotAllowed("a refund is more than nothing", "amount")
    if return_id is not None and return_id not in order.progress.returns:
        raise NotAllowed(f"the order has no return {return_id}: request it first", "return_id")
    left = order.progress.paid - order.progress.refunded
    if amount > left:
        raise NotAllowed(f"of what was paid only {left} is left to refund", "amount")
    return [
        e.RefundIssued(refund_id=refund_id, amount=amount, currency=currency, return_id=return_id)
    ]


# What several of them ask.


def _need(order: Order, wanted: set[Status] | frozenset[Status], done: str, remedy: str) -> None:
    if order.status not in wanted:
        raise NotAllowed(f"the order is {order.status} and cannot {done}: {remedy}", "status")


def _agreed(order: Order, done: str) -> None:
    if order.status in OPEN_TO_CHOICES | OVER:
        raise NotAllowed(f"the order is {order.status} and cannot {done}: place it first", "status")


def _changeable(
    order: Order, choice: e.OptionChosen | e.OptionCleared, before: e.OptionChosen | None
) -> None:
    if order.status in OVER:
        raise NotAllowed(f"the order is {order.status} and takes no choices", "status")
    _line(order, choice.line_id)
    stages = {choice.stage, before.stage if before else choice.stage}
    if frozen := [s for s in stages if order.progress.frozen(choice.line_id, s)]:
        raise NotAllowed(
            f"{frozen[0]} of line {choice.line_id} has begun, which freezes the choice: "
            "request a change order",
            "stage",
        )


def _line(order: Order, line_id: str) -> None:
    if order.progress.line(line_id) is None:
        known = ", ".join(line.line_id for line in order.progress.lines)
        raise NotAllowed(f"the order has no line {line_id}: its lines are {known}", "line_id")


def _route(order: Order, route: Sequence[e.Step]) -> None:
    for step in route:
        _line(order, step.line_id)
    known = [o.operation_id for o in order.progress.operations]
    _apart([*known, *(step.operation_id for step in route)], "operation", "route")


def _apart(ids: Sequence[str], what: str, field: str) -> None:
    if twice := next((i for i in ids if ids.count(i) > 1), None):
        raise NotAllowed(f"{what} {twice} is named twice: give each its own id", field)


def _answer(order: Order, instruction_id: str) -> Answer:
    wish = order.instructions.get(instruction_id)
    if wish is None:
        raise NotAllowed(f"the order has no instruction {instruction_id}", "instruction_id")
    return wish.answer


def _asked(order: Order, instruction_id: str, *wanted: Answer) -> None:
    answer = _answer(order, instruction_id)
    _need(order, OPEN_TO_CHOICES, "answer an instruction", "it was answered before it was placed")
    if answer not in wanted:
        raise NotAllowed(
            f"instruction {instruction_id} is {answer}: it must be {' or '.join(wanted)}",
            "instruction_id",
        )


def _change(order: Order, change_id: str) -> ChangeOrder:
    asked = order.progress.change(change_id)
    if asked is None:
        raise NotAllowed(f"the order has no change order {change_id}: request it", "change_id")
    if order.status in OVER:
        raise NotAllowed(f"the order is {order.status}: nothing of it changes", "status")
    return asked


def _unanswered(approved: bool | None) -> None:
    if approved is not None:
        said = "approved" if approved else "rejected"
        raise NotAllowed(f"the change order was {said} already: request another", "change_id")


def _resumed(order: Order, change_id: str) -> list[e.OrderEvent]:
    paused = tuple(o.operation_id for o in order.progress.operations if o.paused_by == change_id)
    return [e.OperationsResumed(change_id=change_id, operations=paused)] if paused else []


def _currency(order: Order, currency: str | None) -> None:
    known = order.progress.currency
    if currency and known and currency != known:
        raise NotAllowed(f"the order is in {known}: name the amount in it", "currency")
