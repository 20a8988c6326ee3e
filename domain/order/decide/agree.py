"""What is agreed: the price, the order, and the date."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

import msgspec

from domain.catalogue.book import Book
from domain.errors import NotAllowed
from domain.order import events as e
from domain.order.decide.guards import need_agreed, need_apart, need_status
from domain.order.progress import OPEN_TO_CHOICES, Status
from domain.order.state import Answer, Order, selections
from domain.rules.choosing import need_complete
from domain.values import Currency, Name, Time

ENGINE = "given.v1"
"""The lines of the quote were given by whoever asked for it."""


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
    need_status(order, OPEN_TO_CHOICES, "be quoted", "a placed order is requoted by a change order")
    need_apart([line.line_id for line in lines], "line", "lines")
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
