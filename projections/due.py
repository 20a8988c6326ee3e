"""The view `due`: open quotes, promises and intakes, and the time at which each falls due.

The emitter `consumers/emitters/timers.py` reads it and records what has fallen due.
"""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from uuid import UUID

from msgspec.structs import replace

from domain.customer.events import IntakeAbandoned, IntakeAnswered, IntakeSkipped, IntakeStarted
from domain.event import Recorded
from domain.order.events import (
    OrderCancelled,
    OrderPlaced,
    PromiseKept,
    PromiseMade,
    PromiseMissed,
    PromiseRevised,
    QuoteExpired,
    QuoteIssued,
)
from domain.order.reports import OrderDelivered
from domain.personal import Plain, Pseudonym
from projections.view import AnyEvent, Projection, Row

ABANDONED_AFTER = timedelta(days=1)
"""An intake with open questions is abandoned when it has had no answer for this long."""


class DueRow(Row, frozen=True, kw_only=True):
    """A quote, a promise or an intake that is open.

    `ref` is the quote's id, the promised p90 or the intake's id. `cause` is the event that set
    `due`; without `due` nothing happens until another event.
    """

    subject: Pseudonym[str]
    kind: Plain[str]
    ref: Plain[str]
    due: Plain[datetime | None]
    cause: Plain[UUID]
    customer: Pseudonym[str | None]
    open_questions: Plain[tuple[str, ...]] = ()
    last_question: Plain[str | None] = None


due = Projection(
    "due", 1, DueRow,
    answers="What falls due, and when?", find_by="subject", sort_by="due",
)  # fmt: skip
_IntakeEvent = IntakeStarted | IntakeAnswered | IntakeSkipped | IntakeAbandoned


def _quote(event: AnyEvent) -> str:
    return f"{event.event.subject}/quote"


def _promise(event: AnyEvent) -> str:
    return f"{event.event.subject}/promise"


def _intake(event: Recorded[_IntakeEvent]) -> str:
    return f"{event.event.subject}/intake/{event.data.intake_id}"


@due.on(QuoteIssued, key=_quote)
def await_expiry(_: DueRow | None, event: Recorded[QuoteIssued]) -> DueRow:
    return _row(event, "quote", event.data.quote_id, event.data.expires_at)


@due.on(PromiseMade, PromiseRevised, key=_promise)
def await_delivery(_: DueRow | None, event: Recorded[PromiseMade | PromiseRevised]) -> DueRow:
    p90 = event.data.p90
    return _row(event, "promise", p90.isoformat(), _day_after(p90))


@due.on(OrderDelivered, key=_promise)
def deliver(row: DueRow | None, event: Recorded[OrderDelivered]) -> DueRow | None:
    """The promise is due at once: it was kept or missed. One that was missed already is not."""
    at = event.event.time
    if row and (row.due or at < _day_after(datetime.fromisoformat(row.ref))):
        return replace(row, due=at, cause=event.event.id)
    return row


@due.on(PromiseMissed, key=_promise)
def miss(row: DueRow | None, _: Recorded[PromiseMissed]) -> DueRow | None:
    """The row stays: a delivery on time that is reported late corrects the miss."""
    return row and replace(row, due=None)


@due.on(IntakeStarted, key=_intake)
def await_answers(_: DueRow | None, event: Recorded[IntakeStarted]) -> DueRow | None:
    questions = event.data.questions
    if not questions:
        return None
    row = _row(event, "intake", event.data.intake_id, event.event.time + ABANDONED_AFTER)
    return replace(row, open_questions=questions)


@due.on(IntakeAnswered, IntakeSkipped, key=_intake)
def await_next_answer(
    row: DueRow | None, event: Recorded[IntakeAnswered | IntakeSkipped]
) -> DueRow | None:
    question = event.data.question_id
    if row is None or not (left := tuple(q for q in row.open_questions if q != question)):
        return None
    return replace(
        row, due=event.event.time + ABANDONED_AFTER, open_questions=left, last_question=question
    )


@due.on(QuoteExpired, OrderPlaced, OrderCancelled, key=_quote)
@due.on(PromiseKept, OrderCancelled, key=_promise)
@due.on(IntakeAbandoned, key=_intake)
def close(_: DueRow | None, __: AnyEvent) -> None:
    return None


def _row(event: AnyEvent, kind: str, ref: str, at: datetime) -> DueRow:
    envelope = event.event
    return DueRow(
        subject=envelope.subject, kind=kind, ref=ref, due=at, cause=envelope.id,
        customer=envelope.customerid,
    )  # fmt: skip


def _day_after(moment: datetime) -> datetime:
    """The end of a moment's day, in UTC."""
    return datetime.combine(moment.date() + timedelta(days=1), time(), UTC)
