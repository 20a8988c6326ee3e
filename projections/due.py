"""What falls due, and when: quotes that expire, promised days that pass, intakes left unfinished.

`consumers/emitters/timers.py` asks for what is due and says it; here nothing reads a clock.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, time, timedelta
from uuid import UUID

from msgspec.structs import replace

from domain.customer.events import IntakeAbandoned, IntakeAnswered, IntakeSkipped, IntakeStarted
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
"""An intake with open questions and no answer for so long is abandoned."""

_QUOTE = QuoteIssued | QuoteExpired | OrderPlaced | OrderCancelled
_PROMISE = (
    PromiseMade | PromiseRevised | PromiseKept | PromiseMissed | OrderDelivered | OrderCancelled
)
_INTAKE = IntakeStarted | IntakeAnswered | IntakeSkipped | IntakeAbandoned


class DueRow(Row, frozen=True, kw_only=True):
    """`cause` is the event that it follows from; without `due` it waits for another one."""

    subject: Pseudonym[str]
    kind: Plain[str]
    ref: Plain[str]
    due: Plain[datetime | None]
    cause: Plain[UUID]
    customer: Pseudonym[str | None]
    open_questions: Plain[tuple[str, ...]] = ()
    last_question: Plain[str | None] = None


def keys(event: AnyEvent) -> Iterable[str]:
    subject, data = event.event.subject, event.data
    if isinstance(data, _QUOTE):
        yield f"{subject}/quote"
    if isinstance(data, _PROMISE):
        yield f"{subject}/promise"
    if isinstance(data, _INTAKE):
        yield f"{subject}/intake/{data.intake_id}"


def evolve(row: DueRow | None, event: AnyEvent) -> DueRow | None:
    match event.data:
        case QuoteIssued(quote_id=quote, expires_at=expires):
            return _row(event, "quote", quote, expires)
        case PromiseMade(p90=p90) | PromiseRevised(p90=p90):
            return _row(event, "promise", p90.isoformat(), _day_after(p90))
        case OrderDelivered():
            at = event.event.time
            if row and (row.due or at < _day_after(datetime.fromisoformat(row.ref))):
                return replace(row, due=at, cause=event.event.id)
            return row  # missed, as was said already
        case PromiseMissed():
            return replace(row, due=None) if row else None
        case IntakeStarted(intake_id=intake, questions=questions) if questions:
            due = event.event.time + ABANDONED_AFTER
            return replace(_row(event, "intake", intake, due), open_questions=questions)
        case IntakeAnswered(question_id=question) | IntakeSkipped(question_id=question) if row:
            left = tuple(q for q in row.open_questions if q != question)
            due = event.event.time + ABANDONED_AFTER
            return (
                replace(row, due=due, open_questions=left, last_question=question) if left else None
            )
    return None


def _row(event: AnyEvent, kind: str, ref: str, due: datetime) -> DueRow:
    said = event.event
    return DueRow(
        subject=said.subject, kind=kind, ref=ref, due=due, cause=said.id, customer=said.customerid
    )


def _day_after(moment: datetime) -> datetime:
    """When the (UTC) day of a moment has passed."""
    return datetime.combine(moment.date() + timedelta(days=1), time(), UTC)


projection = Projection(
    "due", 1, DueRow, keys, evolve,
    answers="What falls due, and when?", find_by="subject", sort_by="due",
)  # fmt: skip
