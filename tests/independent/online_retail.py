"""Online Retail read by itself: what a view must say of it."""

from __future__ import annotations

import csv
import lzma
import os
from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from itertools import islice
from pathlib import Path

SAMPLE = Path(__file__).parents[2] / "infra/imports/online_retail_sample.csv"
COUNTS = {"online_retail.csv.xz": (541_909, 25_900, 4_372), SAMPLE.name: (3_192, 247, 63)}
"""Lines, invoices and customers of a file, as its maker says."""


def file() -> Path:
    """The real file where `ORDERMADE_DATA` names its folder, else the committed one."""
    folder = os.environ.get("ORDERMADE_DATA")
    return Path(folder) / "online_retail.csv.xz" if folder else SAMPLE


def lines(of: Path, most: int | None = None) -> list[str]:
    """The first lines below the header, or all; the header is in front."""
    packed = of.suffix == ".xz"
    with (lzma.open if packed else open)(of, "rt", encoding="utf-8", newline="") as opened:
        return list(islice(opened, most and most + 1))


@dataclass
class Order:
    customer: str
    first: str  # 2010-12-01 08:26:00
    lines: int = 0
    revenue: Decimal = Decimal(0)

    @property
    def day(self) -> str:
        return self.first[:10]


@dataclass
class Reckoned:
    """An order has a line that was sold; returns and adjustments are beside it."""

    lines: int = 0
    invoices: set[str] = field(default_factory=set)
    customers: set[str] = field(default_factory=set)
    orders: dict[str, Order] = field(default_factory=dict)
    returned: Decimal = Decimal(0)
    return_lines: int = 0
    adjusted: Decimal = Decimal(0)

    @cached_property
    def by_day(self) -> dict[str, tuple[int, Decimal]]:
        return _grouped((order.day, order) for order in self.orders.values())

    @cached_property
    def by_customer(self) -> dict[str, tuple[int, Decimal]]:
        return _grouped((order.customer, order) for order in self.orders.values() if order.customer)

    @cached_property
    def repeat_customers(self) -> set[str]:
        return {customer for customer, (orders, _) in self.by_customer.items() if orders > 1}


def reckon(text: list[str]) -> Reckoned:
    made = Reckoned()
    for row in csv.DictReader(text):
        invoice, customer, at = row["InvoiceNo"], row["CustomerID"], row["InvoiceDate"]
        amount = int(row["Quantity"]) * Decimal(row["UnitPrice"])
        made.lines += 1
        made.invoices.add(invoice)
        made.customers |= {customer} - {""}
        if invoice.startswith("C"):
            made.returned -= amount
            made.return_lines += 1
        elif invoice.startswith("A"):
            made.adjusted += amount
        else:
            order = made.orders.setdefault(invoice, Order(customer, at))
            order.first = min(order.first, at)
            order.lines += 1
            order.revenue += amount
    return made


def _grouped(pairs) -> dict[str, tuple[int, Decimal]]:
    """Orders and revenue by a name."""
    orders: Counter[str] = Counter()
    revenue: dict[str, Decimal] = {}
    for name, order in pairs:
        orders[name] += 1
        revenue[name] = revenue.get(name, Decimal(0)) + order.revenue
    return {name: (orders[name], revenue[name]) for name in orders}
