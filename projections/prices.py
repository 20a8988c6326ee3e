"""Orders in money: what was quoted, sold, changed, returned and paid."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal

from msgspec.structs import replace

from domain.order import events as e
from domain.order import reports as r
from domain.order.sales import SALES, Sale, add_sale
from domain.personal import Plain, Pseudonym
from domain.pricing.engines import GIVEN
from domain.pricing.quote import QuoteInput
from domain.subject import Subject
from projections.view import AnyEvent, Part, Projection, Row

Booked = Literal["sold", "changed", "returned", "adjusted", "paid", "refunded", "sunk_cost"]
State = Literal["open", "placed", "expired", "replaced"]


class ByRule(Part, frozen=True, kw_only=True):
    """What a pricing rule added to a quote, at which step, and what that cost us, if known."""

    rule_id: Plain[str]
    amount: Plain[Decimal]
    step: Plain[str | None] = None
    cost: Plain[Decimal | None] = None


class Quote(Part, frozen=True, kw_only=True):
    """`inputs` are those of a book's quote, as long as it is open or placed."""

    quote_id: Plain[str]
    issued: Plain[datetime]
    expires_at: Plain[datetime]
    currency: Plain[str]
    total: Plain[Decimal]
    by_rule: Plain[tuple[ByRule, ...]]
    inputs: Plain[tuple[QuoteInput, ...]] = ()
    state: Plain[State] = "open"


class OpenChangePrice(Part, frozen=True, kw_only=True):
    """A change order that nobody has answered, and what it would add to the price."""

    change_id: Plain[str]
    delta_price: Plain[Decimal]


class Foreign(Part, frozen=True, kw_only=True):
    """An amount that was reported in another currency than the order's."""

    booked: Plain[Booked]
    currency: Plain[str]
    amount: Plain[Decimal]


class PricesRow(Row, frozen=True, kw_only=True):
    """Exact sums in the order's `currency`; nothing is rounded before it is shown.

    `sold` is gross, by `domain.order.sales`. Of what came back, `unpriced` pieces named no price.
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
    unpriced: Plain[int] = 0
    adjusted: Plain[Decimal] = Decimal(0)
    paid: Plain[Decimal] = Decimal(0)
    refunded: Plain[Decimal] = Decimal(0)
    sunk_cost: Plain[Decimal] = Decimal(0)
    quotes: Plain[tuple[Quote, ...]] = ()
    asked: Plain[tuple[OpenChangePrice, ...]] = ()
    foreign: Plain[tuple[Foreign, ...]] = ()


_HANDLED = {
    *SALES,
    e.QuoteIssued,
    e.QuoteExpired,
    e.ChangeOrderRequested,
    e.ChangeOrderApproved,
    e.ChangeOrderRejected,
    e.OrderCancelled,
    e.RefundIssued,
    r.OrderAdjusted,
    r.PaymentRecorded,
    r.ReturnReceived,
    r.ReturnReported,
}


def keys(event: AnyEvent) -> Iterable[str]:
    return [Subject.parse(event.event.subject).id] if type(event.data) in _HANDLED else []


def evolve(row: PricesRow | None, event: AnyEvent) -> PricesRow:
    said, at = event.event, event.event.time
    row = row or PricesRow(order_id=Subject.parse(said.subject).id, customer=said.customerid)
    match event.data:
        case e.OrderPlaced() | r.OrderAdopted() | r.OrderLineAdopted() as sale:
            return _sold(row, sale, at)
        case e.QuoteIssued() as issued:
            before = {q.quote_id for q in row.quotes if q.state == "open"}
            quotes = (*_settled(row.quotes, before, "replaced"), _quote(issued, at))
            return replace(row, quotes=quotes, currency=row.currency or issued.currency)
        case e.QuoteExpired(quote_id=id):
            return replace(row, quotes=_settled(row.quotes, {id}, "expired"))
        case e.ChangeOrderRequested(change_id=id, delta_price=delta):
            return replace(
                row, asked=(*row.asked, OpenChangePrice(change_id=id, delta_price=delta))
            )
        case e.ChangeOrderApproved(change_id=id) | e.ChangeOrderRejected(change_id=id):
            left = tuple(a for a in row.asked if a.change_id != id)
            if isinstance(event.data, e.ChangeOrderApproved):
                more = sum((a.delta_price for a in row.asked if a.change_id == id), Decimal(0))
                row = _booked(row, "changed", None, more)
            return replace(row, asked=left)
        case e.OrderCancelled(sunk_cost=cost, currency=currency):
            return replace(_booked(row, "sunk_cost", currency, cost), cancelled=at)
        case e.RefundIssued(amount=amount, currency=currency):
            return _booked(row, "refunded", currency, amount)
        case r.OrderAdjusted(amount=amount, currency=currency):
            return _booked(row, "adjusted", currency, amount)
        case r.PaymentRecorded(amount=amount, currency=currency):
            return _booked(row, "paid", currency, amount)
        case r.ReturnReceived(lines=lines):
            return _returned(row, lines, None)
        case r.ReturnReported(lines=lines, currency=currency):
            return _returned(row, lines, currency)
    return row


def _sold(row: PricesRow, sale: Sale, at: datetime) -> PricesRow:
    if isinstance(sale, e.OrderPlaced) and sale.quote_id:
        row = replace(row, quotes=_settled(row.quotes, {sale.quote_id}, "placed"))
    row = _booked(row, "sold", sale.currency, add_sale(row.sold, sale) - row.sold)
    return replace(row, first_sale=min(row.first_sale or at, at))


def _quote(issued: e.QuoteIssued, at: datetime) -> Quote:
    by_rule: dict[str, ByRule] = {}
    for line in issued.trace:
        rule = by_rule.get(line.rule_id)
        amount = line.amount + (rule.amount if rule else 0)
        cost = line.cost if rule is None or line.cost is None else line.cost + (rule.cost or 0)
        by_rule[line.rule_id] = ByRule(
            rule_id=line.rule_id, amount=amount, step=line.step, cost=cost
        )
    return Quote(
        quote_id=issued.quote_id,
        issued=at,
        expires_at=issued.expires_at,
        currency=issued.currency,
        total=issued.total,
        by_rule=tuple(by_rule.values()),
        inputs=issued.inputs if issued.engine_version != GIVEN else (),
    )


def _settled(quotes: tuple[Quote, ...], ids: set[str], state: State) -> tuple[Quote, ...]:
    return tuple(
        replace(q, state=state, inputs=q.inputs if state == "placed" else ())
        if q.quote_id in ids
        else q
        for q in quotes
    )


def _returned(row: PricesRow, lines: tuple[r.ReturnLine, ...], currency: str | None) -> PricesRow:
    value = sum((li.quantity * li.unit_price for li in lines if li.unit_price), Decimal(0))
    row = _booked(row, "returned", currency, value)
    return replace(
        row,
        returned_lines=row.returned_lines + len(lines),
        returned_pieces=row.returned_pieces + sum(li.quantity for li in lines),
        unpriced=row.unpriced + sum(li.quantity for li in lines if li.unit_price is None),
    )


def _booked(row: PricesRow, what: Booked, currency: str | None, amount: Decimal) -> PricesRow:
    own = row.currency or currency
    if currency is not None and currency != own:
        other = Foreign(booked=what, currency=currency, amount=amount)
        return replace(row, foreign=(*row.foreign, other))
    now: dict[str, Any] = {what: getattr(row, what) + amount}
    return replace(row, currency=own, **now)


projection = Projection(
    "prices", 2, PricesRow, keys, evolve,
    answers="What was each order quoted, sold for, returned and paid?", look_up=("customer",),
)  # fmt: skip
