"""The price of an order: by its book, or as whoever asks for the quote says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from domain.book.book import Book, Selection
from domain.configuration.choosing import need_distinct
from domain.configuration.constraints import complete
from domain.errors import ChangeOrderNeeded, CurrencyDiffers, IdTaken, NotAllowed, QuoteOutdated
from domain.event import strict
from domain.order import events as e
from domain.order.decide.guards import need_status
from domain.order.progress import OPEN_TO_CHOICES
from domain.order.state import Answer, Order, changed, selections
from domain.personal import Plain
from domain.pricing.engines import CURRENT, GIVEN, book_engine, given_v1
from domain.pricing.quote import QuoteFields, QuoteInput, QuoteLine, Requote
from domain.pricing.request import Conditions, PricedInstruction, PriceRequest
from domain.values import Currency, Money, Name, Quantity, Time


@strict
@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """How much of the book's currency a unit of a foreign one is worth."""

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
    """A price for the configuration as it is: without a book, each line's price is given.

    A book may price by `load` (0 to 1 and over), by the days until delivery, and in currencies
    whose rate of exchange is named.
    """
    conditions = Conditions(
        clock=now, load=load, lead_days=lead_days, rates={r.currency: r.rate for r in rates}
    )
    if known := order.quotes.get(quote_id):
        if _same(known, tuple(lines), currency, expires_at, conditions):
            return []
        raise IdTaken("this id names another quote: use a new one", "quote_id")
    need_status(order, OPEN_TO_CHOICES, "be quoted", "a placed order is requoted by a change order")
    if expires_at <= now:
        raise NotAllowed("the quote has expired already: name a later time", "expires_at")
    priced = (
        _by_book(order, book, conditions, lines, currency)
        if book
        else _given(order, conditions, tuple(lines), currency)
    )
    return [
        e.QuoteIssued(
            quote_id=quote_id, configuration_hash=configuration_hash, expires_at=expires_at,
            **priced,
        )
    ]  # fmt: skip


def expire_quote(order: Order, *, quote_id: Name, now: datetime) -> list[e.OrderEvent]:
    """Nothing to say of a quote that was placed, replaced, or is still good."""
    latest = order.quote
    if latest is None or latest.quote_id != quote_id or order.status not in OPEN_TO_CHOICES:
        return []
    if quote_id in order.expired or now < latest.expires_at:
        return []
    return [e.QuoteExpired(quote_id=quote_id)]


def requoted(order: Order, change: e.ChangeOrderRequested, book: Book) -> e.ChangeOrderRequested:
    """The change with its price: the difference that it makes under the terms of the order."""
    before = on_its_terms(order, order, book)
    after = on_its_terms(order, changed(order, change), book)
    delta = after["total"] - before["total"]
    if change.delta_price not in (0, delta):
        raise NotAllowed(
            f"the book makes the change {delta} {book.currency}: leave delta_price out",
            "delta_price",
        )
    requote = Requote(before=before["total"], **after)
    return replace(change, delta_price=delta, requote=requote)


def need_priced(order: Order, change: e.ChangeOrderRequested, book: Book) -> None:
    """The change still makes the difference that it was requested with."""
    anew = requoted(order, replace(change, delta_price=Decimal(0), requote=None), book)
    if anew.delta_price != change.delta_price:
        raise QuoteOutdated(
            f"the order has changed since, and this would make {anew.delta_price} {book.currency} "
            f"instead of {change.delta_price}: request it again",
            "change_id",
            delta_price=str(anew.delta_price),
            currency=book.currency,
        )


def need_same_price(order: Order, other: Order, book: Book) -> None:
    """What is placed may change as long as its price does not."""
    more = on_its_terms(order, other, book)["total"] - on_its_terms(order, order, book)["total"]
    if more:
        raise ChangeOrderNeeded(
            f"this changes what was agreed by {more} {book.currency}: request a change order",
            "choice",
            delta_price=str(more),
            currency=book.currency,
        )


def on_its_terms(order: Order, other: Order, book: Book) -> QuoteFields:
    """The price of what `other` chooses, on the terms that `order` was placed under.

    Those are the engine and the version of the book, and the day, the load and the rates of its
    quote: nothing but the choice moves the price.
    """
    placed = order.quotes[order.placed_quote or ""]
    engine = book_engine(placed.engine_version)
    terms = engine.price_request(placed.inputs)
    return engine.quote(replace(terms, selections=_whole(other, book)), book)


def _whole(order: Order, book: Book) -> tuple[Selection, ...]:
    """The lines with the book's defaults for what is not chosen."""
    return tuple(complete(book, line) for line in selections(order))


def _by_book(
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
            f"{wrong[0]}: name what a unit of a foreign currency is worth, above zero", "rates"
        )
    wanted = PriceRequest(
        book=book.book, version=book.version, conditions=conditions,
        selections=_whole(order, book), instructions=_wishes(order, book),
    )  # fmt: skip
    return CURRENT.quote(wanted, book)


def _wishes(order: Order, book: Book) -> tuple[PricedInstruction, ...]:
    """What was accepted; a part that nobody has priced is free."""
    accepted = [
        (wish.given, wish.read)
        for wish in order.instructions.values()
        if wish.answer is Answer.ACCEPTED and wish.read
    ]
    for said, read in accepted:
        if read.currency not in (None, book.currency):
            raise CurrencyDiffers(
                f"instruction {said.instruction_id} is priced in {read.currency} and the book in "
                f"{book.currency}: draft the order anew, and name its price in {book.currency}",
                "currency",
                currency=book.currency,
            )
    return tuple(
        PricedInstruction(
            instruction_id=said.instruction_id,
            line_id=said.line_id,
            operations=read.operations,
            amount=sum((m.amount for m in read.meanings if m.amount), Decimal(0)),
        )
        for said, read in accepted
    )


def _given(
    order: Order, conditions: Conditions, lines: tuple[QuoteLine, ...], currency: str | None
) -> QuoteFields:
    if (conditions.load, conditions.lead_days) != (None, None) or conditions.rates:
        raise NotAllowed("no book prices the order: name the price of each line alone", "load")
    if currency is None:
        raise NotAllowed("no book prices the order: name the currency of its lines", "currency")
    need_distinct([line.line_id for line in lines], "line", "lines")
    wanted = {line.line_id for line in order.progress.lines}
    if wrong := wanted ^ {line.line_id for line in lines}:
        raise NotAllowed(f"line {min(wrong)}: price each line of the order, and no other", "lines")
    if any(line.amount < 0 for line in lines):
        raise NotAllowed("a price is negative: give a discount as a lower price", "lines")
    return given_v1.quote(
        lines, currency, (QuoteInput(name="clock", value=conditions.clock.isoformat()),)
    )


def _same(
    known: e.QuoteIssued, lines: tuple[QuoteLine, ...], currency: str | None,
    expires_at: datetime, conditions: Conditions,
) -> bool:  # fmt: skip
    """Whether a quote is what is asked for again, whatever the clock says by now."""
    if known.expires_at != expires_at or currency not in (None, known.currency):
        return False
    if known.engine_version == GIVEN:
        return known.lines == lines
    issued = book_engine(known.engine_version).price_request(known.inputs)
    return not lines and replace(issued.conditions, clock=conditions.clock) == conditions
