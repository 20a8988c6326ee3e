"""Decisions by which an order is agreed: placing it, and promising its delivery."""

from __future__ import annotations

from datetime import datetime

from domain.book.book import Book
from domain.configuration.choosing import need_complete
from domain.errors import InstructionOpen, NotAllowed, QuoteLapsed, QuoteOutdated, QuoteUnknown
from domain.order import events as e
from domain.order.decide.guards import need_agreed, need_status
from domain.order.progress import OPEN_TO_CHOICES, Status
from domain.order.state import ANSWERED, Order, selections
from domain.values import Name, Time


def place(
    order: Order,
    *,
    quote_id: Name,
    book: Book | None = None,
    configuration_hash: str,
    now: datetime,
) -> list[e.OrderEvent]:
    """Agree to the order at its latest quote, if that is valid and for the order as it is now."""
    if order.placed_quote == quote_id:
        return []  # idempotent, whatever has happened since
    need_status(order, OPEN_TO_CHOICES, "be placed", "only a draft can be placed")
    quote = order.quote
    if quote is None or quote.quote_id != quote_id:
        raise QuoteUnknown(
            f"the order has no open quote {quote_id}: ask for a quote",
            "quote_id",
            quote_id=quote_id,
        )
    if quote_id in order.expired_quotes or quote.expires_at <= now:
        raise QuoteLapsed(
            f"quote {quote_id} expired at {quote.expires_at:%Y-%m-%dT%H:%M:%SZ}: "
            "ask for another one",
            "quote_id",
            quote_id=quote_id,
            expires_at=quote.expires_at.isoformat(),
        )
    for id, instruction in order.instructions.items():
        if instruction.status not in ANSWERED:
            raise InstructionOpen(
                f"instruction {id} is open: accept or decline it first",
                "instruction_id",
                instruction_id=id,
            )
    if quote.configuration_hash != configuration_hash:
        raise QuoteOutdated(
            f"the order has changed since quote {quote_id}: ask for another one",
            "quote_id",
            quote_id=quote_id,
        )
    if book:
        need_complete(book, selections(order))
    return [e.OrderPlaced(quote_id=quote_id, total=quote.total, currency=quote.currency)]


def promise(order: Order, *, p50: Time, p90: Time, basis: Name) -> list[e.OrderEvent]:
    """Promise a delivery date, or replace the promise by another."""
    need_agreed(order, "be promised")
    if p90 < p50:
        raise NotAllowed("p90 is before p50, which fewer orders meet: exchange them", "p90")
    before = order.progress.promise
    if before is None:
        return [e.PromiseMade(p50=p50, p90=p90, basis=basis)]
    if (before.p50, before.p90) == (p50, p90):
        return []
    return [e.PromiseRevised(p50=p50, p90=p90, basis=basis)]


def settle_promise(order: Order, *, now: datetime) -> list[e.OrderEvent]:
    """Record a promise as kept if the delivery was in time, as missed once its day (UTC) is over.

    A delivery in time that is reported late turns a missed promise into a kept one.
    """
    current, delivered = order.progress.promise, order.progress.delivered
    if current is None or current.kept or order.status is Status.CANCELLED:
        return []
    if delivered and delivered.date() <= current.p90.date():
        return [e.PromiseKept(promised=current.p90, delivered=delivered)]
    if current.kept is None and (delivered or now.date() > current.p90.date()):
        return [e.PromiseMissed(promised=current.p90, delivered=delivered)]
    return []
