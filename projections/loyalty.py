"""What each customer bought, and what they would have to rebuild elsewhere."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import cast

from msgspec.structs import replace

from domain.customer.events import ContentContributed, ContentRemoved, ContentReused
from domain.order.events import OrderCancelled, OrderPlaced
from domain.order.reports import OrderAdopted, OrderLineAdopted
from domain.order.sales import SALES, Sale, add_sale
from domain.personal import Plain, Pseudonym
from domain.subject import Subject
from projections.view import AnyEvent, Part, Projection, Row


class Purchase(Part, frozen=True, kw_only=True):
    """An order on the day of its first sale; `amount` is gross, by `domain.order.sales`."""

    order_id: Pseudonym[str]
    at: Plain[datetime]
    currency: Plain[str | None]
    amount: Plain[Decimal]


class Content(Part, frozen=True, kw_only=True):
    """Something that the customer put work into and still keeps with us."""

    kind: Plain[str]
    item_id: Pseudonym[str]
    effort_s: Plain[float] = 0.0
    portable: Plain[float] = 1.0
    reused: Plain[int] = 0


class LoyaltyRow(Row, frozen=True, kw_only=True):
    """A cancelled order is no purchase, and removed content is nothing to rebuild."""

    customer: Pseudonym[str]
    purchases: Plain[tuple[Purchase, ...]] = ()
    contents: Plain[tuple[Content, ...]] = ()


_HANDLED = {*SALES, OrderCancelled, ContentContributed, ContentReused, ContentRemoved}


def keys(event: AnyEvent) -> Iterable[str]:
    customer = event.event.customerid
    return [customer] if customer and type(event.data) in _HANDLED else []


def evolve(row: LoyaltyRow | None, event: AnyEvent) -> LoyaltyRow:
    row = row or LoyaltyRow(customer=cast(str, event.event.customerid))
    match event.data:
        case OrderPlaced() | OrderAdopted() | OrderLineAdopted() as sale:
            return replace(row, purchases=_bought(row.purchases, sale, event))
        case OrderCancelled():
            order = _order(event)
            return replace(row, purchases=tuple(p for p in row.purchases if p.order_id != order))
        case ContentContributed(effort_s=effort, portable=portable) as given:
            before = _content(row, given)
            after = replace(before, effort_s=before.effort_s + effort, portable=portable)
            return _with(row, before, after)
        case ContentReused() as again:
            before = _content(row, again)
            return _with(row, before, replace(before, reused=before.reused + 1))
        case ContentRemoved() as gone:
            before = _content(row, gone)
            return replace(row, contents=tuple(c for c in row.contents if c is not before))
    return row


def _order(event: AnyEvent) -> str:
    return Subject.parse(event.event.subject).id


def _bought(before: tuple[Purchase, ...], sale: Sale, event: AnyEvent) -> tuple[Purchase, ...]:
    order, at = _order(event), event.event.time
    for n in range(len(before) - 1, -1, -1):  # most often it is the latest one
        if before[n].order_id == order:
            old = before[n]
            new = replace(old, at=min(old.at, at), amount=add_sale(old.amount, sale))
            return (*before[:n], new, *before[n + 1 :])
    amount = add_sale(Decimal(0), sale)
    return (*before, Purchase(order_id=order, at=at, currency=sale.currency, amount=amount))


def _content(row: LoyaltyRow, said: ContentContributed | ContentReused | ContentRemoved) -> Content:
    """What we know of the item; a reuse may be reported before the contribution."""
    for content in row.contents:
        if (content.kind, content.item_id) == (said.kind, said.item_id):
            return content
    return Content(kind=said.kind, item_id=said.item_id)


def _with(row: LoyaltyRow, before: Content, after: Content) -> LoyaltyRow:
    if before in row.contents:
        contents = tuple(after if c is before else c for c in row.contents)
    else:
        contents = (*row.contents, after)
    return replace(row, contents=contents)


projection = Projection(
    "loyalty", 1, LoyaltyRow, keys, evolve,
    answers="What did each customer buy, and what would they have to rebuild elsewhere?",
)  # fmt: skip
