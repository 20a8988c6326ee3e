"""Decisions about the price: quotes by a book or at given prices, and what changes cost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from domain.book.book import Book, Selection
from domain.configuration.choosing import need_distinct
from domain.configuration.constraints import with_defaults
from domain.errors import ChangeOrderNeeded, CurrencyDiffers, IdTaken, NotAllowed, QuoteOutdated
from domain.event import strict
from domain.order import events as e
from domain.order.decide.guards import need_status
from domain.order.progress import OPEN_TO_CHOICES
from domain.order.state import InstructionStatus, Order, selections, with_change
from domain.personal import Plain
from domain.pricing.engines import CURRENT, GIVEN, book_engine, given_v1
from domain.pricing.quote import QuoteFields, QuoteInput, QuoteLine, Requote
from domain.pricing.request import Conditions, PricedInstruction, PriceRequest
from domain.values import Currency, Money, Name, Quantity, Time


@strict
@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """The worth of one unit of a foreign currency in the book's currency."""

    currency: Plain[Currency]
    rate: Plain[Money]


def quote(
    order: Order,
    *,
    quote_id: Name,
    lines: Sequence[QuoteLine] = (),
    currency: Currency | None = None,
    expires_at: Time,
    load: Money | None = None,
    lead_days: Quantity | None = None,
    rates: Sequence[Rate] = (),
    book: Book | None = None,
    configuration_hash: str,
    now: datetime,
) -> list[e.OrderEvent]:
    """Offer a price for the order as it is: by its book, or at the given prices of its `lines`.

    A book may price by the plant's `load` (0 is idle, 1 is full, and it may be more), by
    `lead_days` until delivery, and in foreign currencies whose `rates` are given.
    """
    conditions = Conditions(
        clock=now, load=load, lead_days=lead_days, rates={r.currency: r.rate for r in rates}
    )
    if before := order.quotes.get(quote_id):
        if _is_repeated(before, tuple(lines), currency, expires_at, conditions):
            return []
        raise IdTaken("this id names another quote: use a new one", "quote_id")
    need_status(order, OPEN_TO_CHOICES, "be quoted", "a placed order is requoted by a change order")
    if expires_at <= now:
        raise NotAllowed("the quote has expired already: name a later time", "expires_at")
    price = (
        _price_by_book(order, book, conditions, lines, currency)
        if book
        else _price_by_hand(order, conditions, tuple(lines), currency)
    )
    return [
        e.QuoteIssued(
            quote_id=quote_id, configuration_hash=configuration_hash, expires_at=expires_at,
            **price,
        )
    ]  # fmt: skip


def expire_quote(order: Order, *, quote_id: Name, now: datetime) -> list[e.OrderEvent]:
    """Record that the latest quote has expired, unless the order is placed or the quote valid."""
    latest = order.quote
    if latest is None or latest.quote_id != quote_id or order.status not in OPEN_TO_CHOICES:
        return []
    if quote_id in order.expired_quotes or now < latest.expires_at:
        return []
    return [e.QuoteExpired(quote_id=quote_id)]


def price_change(
    order: Order, change: e.ChangeOrderRequested, book: Book
) -> e.ChangeOrderRequested:
    """Return the change order with the difference that it makes to the price of the order."""
    before = _price_as_agreed(order, order, book)
    after = _price_as_agreed(order, with_change(order, change), book)
    delta = after["total"] - before["total"]
    if change.delta_price not in (0, delta):
        raise NotAllowed(
            f"the book makes the change {delta} {book.currency}: leave delta_price out",
            "delta_price",
        )
    requote = Requote(before=before["total"], **after)
    return replace(change, delta_price=delta, requote=requote)


def need_same_difference(order: Order, change: e.ChangeOrderRequested, book: Book) -> None:
    """Require that a change order still makes the difference that it was requested with."""
    now = price_change(order, replace(change, delta_price=Decimal(0), requote=None), book)
    if now.delta_price != change.delta_price:
        raise QuoteOutdated(
            f"the order has changed since, and this would make {now.delta_price} {book.currency} "
            f"instead of {change.delta_price}: request it again",
            "change_id",
            delta_price=str(now.delta_price),
            currency=book.currency,
        )


def need_same_total(order: Order, after: Order, book: Book) -> None:
    """Require that the price of a placed order is the same after a change."""
    total = _price_as_agreed(order, order, book)["total"]
    difference = _price_as_agreed(order, after, book)["total"] - total
    if difference:
        raise ChangeOrderNeeded(
            f"this changes what was agreed by {difference} {book.currency}: request a change order",
            "choice",
            delta_price=str(difference),
            currency=book.currency,
        )


def _price_as_agreed(order: Order, after: Order, book: Book) -> QuoteFields:
    """Return the price of the choices of `after`, on the terms that `order` was placed under.

    The terms are the engine, the version of the book, and the day, load and rates of the quote, so
    that only the choices change the price.
    """
    placed = order.quotes[order.placed_quote or ""]
    engine = book_engine(placed.engine_version)
    terms = engine.price_request(placed.inputs)
    return engine.quote(replace(terms, selections=_complete_selections(after, book)), book)


def _complete_selections(order: Order, book: Book) -> tuple[Selection, ...]:
    """Return the lines, with the book's defaults for options without a choice."""
    return tuple(with_defaults(book, line) for line in selections(order))


def _price_by_book(
    order: Order, book: Book, conditions: Conditions, lines: Sequence[QuoteLine],
    currency: str | None,
) -> QuoteFields:  # fmt: skip
    if lines:
        raise NotAllowed(
            f"the order is priced by the book {book.book}: leave the lines out", "lines"
        )
    if currency not in (None, book.currency):
        raise CurrencyDiffers(
            f"the book is in {book.currency}: quote in it, or leave it out",
            "currency",
            currency=book.currency,
        )
    if conditions.load is not None and conditions.load < 0:
        raise NotAllowed("a load is not negative: 0 is idle, 1 is full", "load")
    if wrong := [c for c, rate in conditions.rates.items() if rate <= 0 or c == book.currency]:
        raise NotAllowed(
            f"{wrong[0]}: give the worth of a unit of a foreign currency, above zero", "rates"
        )
    request = PriceRequest(
        book=book.book, version=book.version, conditions=conditions,
        selections=_complete_selections(order, book),
        instructions=_priced_instructions(order, book),
    )  # fmt: skip
    return CURRENT.quote(request, book)


def _priced_instructions(order: Order, book: Book) -> tuple[PricedInstruction, ...]:
    """Return the accepted instructions with their prices; a meaning without a price is free."""
    accepted = [
        (instruction.request, instruction.interpretation)
        for instruction in order.instructions.values()
        if instruction.status is InstructionStatus.ACCEPTED and instruction.interpretation
    ]
    for request, interpretation in accepted:
        if interpretation.currency not in (None, book.currency):
            raise CurrencyDiffers(
                f"instruction {request.instruction_id} is priced in {interpretation.currency}, and "
                f"the book in {book.currency}: draft the order again, and price it in that",
                "currency",
                currency=book.currency,
            )
    return tuple(
        PricedInstruction(
            instruction_id=request.instruction_id,
            line_id=request.line_id,
            operations=interpretation.operations,
            amount=sum((m.amount for m in interpretation.meanings if m.amount), Decimal(0)),
        )
        for request, interpretation in accepted
    )


def _price_by_hand(
    order: Order, conditions: Conditions, lines: tuple[QuoteLine, ...], currency: str | None
) -> QuoteFields:
    if (conditions.load, conditions.lead_days) != (None, None) or conditions.rates:
        raise NotAllowed("no book prices the order: give only the price of each line", "load")
    if currency is None:
        raise NotAllowed("no book prices the order: name the currency of its lines", "currency")
    need_distinct([line.line_id for line in lines], "line", "lines")
    expected = {line.line_id for line in order.progress.lines}
    if wrong := expected ^ {line.line_id for line in lines}:
        raise NotAllowed(f"line {min(wrong)}: price each line of the order, and no other", "lines")
    if any(line.amount < 0 for line in lines):
        raise NotAllowed("a price is negative: give a discount as a lower price", "lines")
    return given_v1.quote(
        lines, currency, (QuoteInput(name="clock", value=conditions.clock.isoformat()),)
    )


def _is_repeated(
    before: e.QuoteIssued, lines: tuple[QuoteLine, ...], currency: str | None,
    expires_at: datetime, conditions: Conditions,
) -> bool:  # fmt: skip
    """Whether an issued quote is requested again with the same arguments."""
    if before.expires_at != expires_at or currency not in (None, before.currency):
        return False
    if before.engine_version == GIVEN:
        return before.lines == lines
    issued = book_engine(before.engine_version).price_request(before.inputs)
    return not lines and replace(issued.conditions, clock=conditions.clock) == conditions
