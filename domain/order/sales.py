"""What an order sells, and for how much: the one definition of revenue.

Gross: cancellations, changes, returns, adjustments and refunds are sums of their own.
"""

from __future__ import annotations

from decimal import Decimal

from domain.order.events import OrderPlaced
from domain.order.reports import OrderAdopted, OrderLineAdopted

Sale = OrderPlaced | OrderAdopted | OrderLineAdopted
SALES = (OrderPlaced, OrderAdopted, OrderLineAdopted)


def sold(before: Decimal, event: Sale) -> Decimal:
    """What the order comes to after a sale: a line adds to it, a whole order says it anew."""
    if isinstance(event, OrderLineAdopted):
        return before + event.quantity * event.unit_price
    return before if event.total is None else event.total
