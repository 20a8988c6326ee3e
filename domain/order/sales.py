"""What an order sells, and for how much: the one definition of revenue.

Gross: cancellations, changes, returns, adjustments and refunds are sums of their own.
"""

from __future__ import annotations

from decimal import Decimal

from domain.order.events import OrderPlaced
from domain.order.reports import OrderAdopted, OrderLineAdopted

Sale = OrderPlaced | OrderAdopted | OrderLineAdopted
SALES = (OrderPlaced, OrderAdopted, OrderLineAdopted)


def add_sale(total: Decimal, event: Sale) -> Decimal:
    """Return the total of an order after a sale, in the order's currency.

    A line adds to the total before it; a whole order replaces it.
    """
    if isinstance(event, OrderLineAdopted):
        return total + event.quantity * event.unit_price
    return total if event.total is None else event.total
