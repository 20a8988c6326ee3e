"""What is agreed: the order, and the date."""

from __future__ import annotations

from datetime import datetime

from domain.book.book import Book
from domain.configuration.choosing import need_complete
from domain.errors import InstructionOpen, NotAllowed, QuoteExpired, QuoteOutdated, QuoteUnknown
from domain.order import events as e
from domain.order.decide.guards import need_agreed, need_status
from domain.order.progress import OPEN_TO_CHOICES, Status
from domain.order.state import Answer, Order, selections
from domain.values import Name, Time


def place(
    order: Order,
    *,
    quote_id: Name,
    book: Book | None = None,
    configuration_hash: str,
    now: datetime,
) -> list[e.OrderEvent]:
    if order.placed_quote == quote_id:
        return []  # said twice, recorded once, whatever came since
    need_status(order, OPEN_TO_CHOICES, "be placed", "only a draft can be placed")
    latest = order.quote
    if latest is None or latest.quote_id != quote_id:
        raise QuoteUnknown(
            f"the order has no open quote {quote_id}: ask for a quote",
            "quote_id",
            quote_id=quote_id,
        )
    if quote_id in order.expired or latest.expires_at <= now:
        raise QuoteExpired(
            f"quote {quote_id} expired at {latest.expires_at:%Y-%m-%dT%H:%M:%SZ}: "
            "ask for another one",
            "quote_id",
            quote_id=quote_id,
            expires_at=latest.expires_at.isoformat(),
        )
    for id, wish in order.instructions.items():
        if wish.answer not in (Answer.ACCEPTED, Answer.DECLINED):
            raise InstructionOpen(
                f"instruction {id} is open: accept or decline it first",
                "instruction_id",
                instruction_id=id,
            )
    if latest.configuration_hash != configuration_hash:
        raise QuoteOutdated(
            f"the order has changed since quote {quote_id}: ask for another one",
            "quote_id",
            quote_id=quote_id,
        )
    if book:
        need_complete(book, selections(order))
    return [e.OrderPlaced(quote_id=quote_id, total=latest.total, currency=latest.currency)]


def promise(order: Order, *, p50: Time, p90: Time, basis: Name) -> list[e.OrderEvent]:
    """The first promise of an order, or another one: what it was before stays in its history."""
    need_agreed(order, "be promised")
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
