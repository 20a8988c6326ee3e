"""The view `prices`: each order in money, from quotes and sales to returns and payments."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any, Literal

from msgspec.structs import replace

from domain.event import Recorded
from domain.order.events import (
    ChangeOrderApproved,
    ChangeOrderRejected,
    ChangeOrderRequested,
    OrderCancelled,
    OrderPlaced,
    QuoteExpired,
    QuoteIssued,
    RefundIssued,
)
from domain.order.reports import OrderAdjusted, PaymentRecorded, ReturnReceived, ReturnReported
from domain.order.sales import Sale, add_sale
from domain.personal import Plain, Pseudonym
from domain.pricing.engines import GIVEN
from domain.pricing.quote import QuoteInput
from domain.subject import Subject
from projections.keys import by_order
from projections.view import AnyEvent, Part, Projection, Row

Booked = Literal["sold", "changed", "returned", "adjusted", "paid", "refunded", "sunk_cost"]
"""The columns of a row that are sums of money."""
QuoteState = Literal["open", "placed", "expired", "replaced"]


class RuleAmount(Part, frozen=True, kw_only=True):
    """The amount that a price rule added to a quote, its step, and its cost where it is known."""

    rule_id: Plain[str]
    amount: Plain[Decimal]
    step: Plain[str | None] = None
    cost: Plain[Decimal | None] = None


class Quote(Part, frozen=True, kw_only=True):
    """A quote. `inputs` are kept of a quote that a book priced, while it is open or placed."""

    quote_id: Plain[str]
    issued: Plain[datetime]
    expires_at: Plain[datetime]
    currency: Plain[str]
    total: Plain[Decimal]
    by_rule: Plain[tuple[RuleAmount, ...]]
    inputs: Plain[tuple[QuoteInput, ...]] = ()
    state: Plain[QuoteState] = "open"


class OpenChangePrice(Part, frozen=True, kw_only=True):
    """A change order that is neither approved nor rejected, and what it would add to the price."""

    change_id: Plain[str]
    delta_price: Plain[Decimal]


class ForeignAmount(Part, frozen=True, kw_only=True):
    """An amount in another currency than the order's; it is not converted."""

    booked: Plain[Booked]
    currency: Plain[str]
    amount: Plain[Decimal]


class PricesRow(Row, frozen=True, kw_only=True):
    """An order. Sums are exact, in the order's `currency`; `sold` is gross (`domain.order.sales`).

    `returned` is the value of the returned pieces but `unpriced_pieces`, whose price is not known.
    """

    order_id: Pseudonym[str]
    customer: Pseudonym[str | None]
    currency: Plain[str | None] = None
    first_sale: Plain[datetime | None] = None
    cancelled: Plain[datetime | None] = None
    sold: Plain[Decimal] = Decimal(0)
    changed: Plain[Decimal] = Decimal(0)
    returned: Plain[Decimal] = Decimal(0)
    returned_lines: Plain[int] = 0
    returned_pieces: Plain[int] = 0
    unpriced_pieces: Plain[int] = 0
    adjusted: Plain[Decimal] = Decimal(0)
    paid: Plain[Decimal] = Decimal(0)
    refunded: Plain[Decimal] = Decimal(0)
    sunk_cost: Plain[Decimal] = Decimal(0)
    quotes: Plain[tuple[Quote, ...]] = ()
    open_changes: Plain[tuple[OpenChangePrice, ...]] = ()
    foreign: Plain[tuple[ForeignAmount, ...]] = ()


def _initial(event: AnyEvent) -> PricesRow:
    envelope = event.event
    return PricesRow(order_id=Subject.parse(envelope.subject).id, customer=envelope.customerid)


prices = Projection(
    "prices", 3, PricesRow, initial=_initial,
    answers="What was each order quoted, sold for, returned and paid?", look_up=("customer",),
)  # fmt: skip


@prices.on(QuoteIssued, key=by_order)
def add_quote(row: PricesRow, event: Recorded[QuoteIssued]) -> PricesRow:
    """Add an open quote, which replaces those that were open."""
    open_ids = {q.quote_id for q in row.quotes if q.state == "open"}
    quotes = (*_with_state(row.quotes, open_ids, "replaced"), _quote(event))
    return replace(row, quotes=quotes, currency=row.currency or event.data.currency)


@prices.on(QuoteExpired, key=by_order)
def expire_quote(row: PricesRow, event: Recorded[QuoteExpired]) -> PricesRow:
    return replace(row, quotes=_with_state(row.quotes, {event.data.quote_id}, "expired"))


@prices.on(Sale, key=by_order)
def book_sale(row: PricesRow, event: Recorded[Sale]) -> PricesRow:
    sale, at = event.data, event.event.time
    if isinstance(sale, OrderPlaced) and sale.quote_id:
        row = replace(row, quotes=_with_state(row.quotes, {sale.quote_id}, "placed"))
    row = _booked(row, "sold", sale.currency, add_sale(row.sold, sale) - row.sold)
    return replace(row, first_sale=min(row.first_sale or at, at))


@prices.on(ChangeOrderRequested, key=by_order)
def add_change(row: PricesRow, event: Recorded[ChangeOrderRequested]) -> PricesRow:
    data = event.data
    change = OpenChangePrice(change_id=data.change_id, delta_price=data.delta_price)
    return replace(row, open_changes=(*row.open_changes, change))


@prices.on(ChangeOrderApproved, ChangeOrderRejected, key=by_order)
def close_change(
    row: PricesRow, event: Recorded[ChangeOrderApproved | ChangeOrderRejected]
) -> PricesRow:
    """Remove the open change; what an approved one adds to the price is `changed`."""
    id = event.data.change_id
    if isinstance(event.data, ChangeOrderApproved):
        more = sum((c.delta_price for c in row.open_changes if c.change_id == id), Decimal(0))
        row = _booked(row, "changed", None, more)
    return replace(row, open_changes=tuple(c for c in row.open_changes if c.change_id != id))


@prices.on(OrderCancelled, key=by_order)
def cancel(row: PricesRow, event: Recorded[OrderCancelled]) -> PricesRow:
    row = _booked(row, "sunk_cost", event.data.currency, event.data.sunk_cost)
    return replace(row, cancelled=event.event.time)


@prices.on(OrderAdjusted, key=by_order)
def adjust(row: PricesRow, event: Recorded[OrderAdjusted]) -> PricesRow:
    return _booked(row, "adjusted", event.data.currency, event.data.amount)


@prices.on(PaymentRecorded, key=by_order)
def add_payment(row: PricesRow, event: Recorded[PaymentRecorded]) -> PricesRow:
    return _booked(row, "paid", event.data.currency, event.data.amount)


@prices.on(RefundIssued, key=by_order)
def add_refund(row: PricesRow, event: Recorded[RefundIssued]) -> PricesRow:
    return _booked(row, "refunded", event.data.currency, event.data.amount)


@prices.on(ReturnReceived, ReturnReported, key=by_order)
def add_return(row: PricesRow, event: Recorded[ReturnReceived | ReturnReported]) -> PricesRow:
    data = event.data
    currency = data.currency if isinstance(data, ReturnReported) else None
    value = sum((li.quantity * li.unit_price for li in data.lines if li.unit_price), Decimal(0))
    row = _booked(row, "returned", currency, value)
    return replace(
        row,
        returned_lines=row.returned_lines + len(data.lines),
        returned_pieces=row.returned_pieces + sum(li.quantity for li in data.lines),
        unpriced_pieces=row.unpriced_pieces
        + sum(li.quantity for li in data.lines if li.unit_price is None),
    )


def _quote(event: Recorded[QuoteIssued]) -> Quote:
    data = event.data
    by_rule: dict[str, RuleAmount] = {}
    for line in data.trace:
        rule = by_rule.get(line.rule_id)
        amount = line.amount + (rule.amount if rule else 0)
        cost = line.cost if rule is None or line.cost is None else line.cost + (rule.cost or 0)
        by_rule[line.rule_id] = RuleAmount(
            rule_id=line.rule_id, amount=amount, step=line.step, cost=cost
        )
    return Quote(
        quote_id=data.quote_id,
        issued=event.event.time,
        expires_at=data.expires_at,
        currency=data.currency,
        total=data.total,
        by_rule=tuple(by_rule.values()),
        inputs=data.inputs if data.engine_version != GIVEN else (),
    )


def _with_state(quotes: tuple[Quote, ...], ids: set[str], state: QuoteState) -> tuple[Quote, ...]:
    return tuple(
        replace(q, state=state, inputs=q.inputs if state == "placed" else ())
        if q.quote_id in ids
        else q
        for q in quotes
    )


def _booked(row: PricesRow, column: Booked, currency: str | None, amount: Decimal) -> PricesRow:
    """Add an amount to a sum; None is the order's currency, and the first one becomes it."""
    own = row.currency or currency
    if currency is not None and currency != own:
        other = ForeignAmount(booked=column, currency=currency, amount=amount)
        return replace(row, foreign=(*row.foreign, other))
    sums: dict[str, Any] = {column: getattr(row, column) + amount}
    return replace(row, currency=own, **sums)
