"""The view `loyalty`: what each customer has bought, and the content that they made here."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from msgspec.structs import replace

from domain.customer.events import ContentContributed, ContentRemoved, ContentReused
from domain.event import Recorded
from domain.order.events import OrderCancelled
from domain.order.sales import Sale, add_sale
from domain.personal import Plain, Pseudonym
from domain.subject import Subject
from projections.keys import by_customer
from projections.view import AnyEvent, Part, Projection, Row


class Purchase(Part, frozen=True, kw_only=True):
    """An order, at the time of its first sale; `amount` is gross: see `domain.order.sales`."""

    order_id: Pseudonym[str]
    at: Plain[datetime]
    currency: Plain[str | None]
    amount: Plain[Decimal]


class Content(Part, frozen=True, kw_only=True):
    """Something that the customer made here, such as a saved design.

    `effort_s` is the time it took them in all, `portable` the share of it that another shop could
    take over, `reused` how often it was used again.
    """

    kind: Plain[str]
    item_id: Pseudonym[str]
    effort_s: Plain[float] = 0.0
    portable: Plain[float] = 1.0
    reused: Plain[int] = 0


class LoyaltyRow(Row, frozen=True, kw_only=True):
    """A customer, without the orders that were cancelled and the content that was removed."""

    customer: Pseudonym[str]
    purchases: Plain[tuple[Purchase, ...]] = ()
    contents: Plain[tuple[Content, ...]] = ()


def _initial(event: AnyEvent) -> LoyaltyRow:
    assert event.event.customerid  # it is the key of the row
    return LoyaltyRow(customer=event.event.customerid)


loyalty = Projection(
    "loyalty", 1, LoyaltyRow, initial=_initial,
    answers="What did each customer buy, and what would they have to rebuild elsewhere?",
)  # fmt: skip


@loyalty.on(Sale, key=by_customer)
def book_sale(row: LoyaltyRow, event: Recorded[Sale]) -> LoyaltyRow:
    """Add a purchase, or the amount of a sale to the order's purchase."""
    order, at, sale = _order(event), event.event.time, event.data
    purchases = row.purchases
    for n in range(len(purchases) - 1, -1, -1):  # most often it is the latest one
        if purchases[n].order_id == order:
            old = purchases[n]
            new = replace(old, at=min(old.at, at), amount=add_sale(old.amount, sale))
            return replace(row, purchases=(*purchases[:n], new, *purchases[n + 1 :]))
    amount = add_sale(Decimal(0), sale)
    new = Purchase(order_id=order, at=at, currency=sale.currency, amount=amount)
    return replace(row, purchases=(*purchases, new))


@loyalty.on(OrderCancelled, key=by_customer)
def remove_purchase(row: LoyaltyRow, event: Recorded[OrderCancelled]) -> LoyaltyRow:
    order = _order(event)
    return replace(row, purchases=tuple(p for p in row.purchases if p.order_id != order))


@loyalty.on(ContentContributed, key=by_customer)
def add_content(row: LoyaltyRow, event: Recorded[ContentContributed]) -> LoyaltyRow:
    before = _content(row, event.data)
    effort = before.effort_s + event.data.effort_s
    return _with(row, before, replace(before, effort_s=effort, portable=event.data.portable))


@loyalty.on(ContentReused, key=by_customer)
def count_reuse(row: LoyaltyRow, event: Recorded[ContentReused]) -> LoyaltyRow:
    before = _content(row, event.data)
    return _with(row, before, replace(before, reused=before.reused + 1))


@loyalty.on(ContentRemoved, key=by_customer)
def remove_content(row: LoyaltyRow, event: Recorded[ContentRemoved]) -> LoyaltyRow:
    before = _content(row, event.data)
    return replace(row, contents=tuple(c for c in row.contents if c is not before))


def _order(event: Recorded[Sale | OrderCancelled]) -> str:
    return Subject.parse(event.event.subject).id


def _content(row: LoyaltyRow, data: ContentContributed | ContentReused | ContentRemoved) -> Content:
    """The content of an event, or a new one: a reuse may be recorded before the contribution."""
    for content in row.contents:
        if (content.kind, content.item_id) == (data.kind, data.item_id):
            return content
    return Content(kind=data.kind, item_id=data.item_id)


def _with(row: LoyaltyRow, before: Content, after: Content) -> LoyaltyRow:
    if before in row.contents:
        contents = tuple(after if c is before else c for c in row.contents)
    else:
        contents = (*row.contents, after)
    return replace(row, contents=contents)
