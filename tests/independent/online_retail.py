"""The file "Online Retail" read by itself: the numbers that the views must show of it."""

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
"""How many lines, invoices and customers each file has, as its publisher states."""


def file() -> Path:
    """The real file where `ORDERMADE_DATA` names its folder, else the committed sample."""
    folder = os.environ.get("ORDERMADE_DATA")
    return Path(folder) / "online_retail.csv.xz" if folder else SAMPLE


def lines(path: Path, limit: int | None = None) -> list[str]:
    """The header and the lines below it, at most `limit` of them."""
    packed = path.suffix == ".xz"
    with (lzma.open if packed else open)(path, "rt", encoding="utf-8", newline="") as opened:
        return list(islice(opened, limit and limit + 1))


@dataclass
class Order:
    customer: str
    first: str  # the time of its first line, as 2010-12-01 08:26:00
    lines: int = 0
    revenue: Decimal = Decimal(0)

    @property
    def day(self) -> str:
        return self.first[:10]


@dataclass
class Totals:
    """Sums over a file. An order has at least one sold line; returns and adjustments are apart."""

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


def total(text: list[str]) -> Totals:
    """Adds up the lines below the header. `C` and `A` invoices are returns and adjustments."""
    totals = Totals()
    for row in csv.DictReader(text):
        invoice, customer, time = row["InvoiceNo"], row["CustomerID"], row["InvoiceDate"]
        amount = int(row["Quantity"]) * Decimal(row["UnitPrice"])
        totals.lines += 1
        totals.invoices.add(invoice)
        totals.customers |= {customer} - {""}
        if invoice.startswith("C"):
            totals.returned -= amount
            totals.return_lines += 1
        elif invoice.startswith("A"):
            totals.adjusted += amount
        else:
            order = totals.orders.setdefault(invoice, Order(customer, time))
            order.first = min(order.first, time)
            order.lines += 1
            order.revenue += amount
    return totals


def _grouped(pairs) -> dict[str, tuple[int, Decimal]]:
    """The number of orders and their revenue by the first part of each pair."""
    orders: Counter[str] = Counter()
    revenue: dict[str, Decimal] = {}
    for name, order in pairs:
        orders[name] += 1
        revenue[name] = revenue.get(name, Decimal(0)) + order.revenue
    return {name: (orders[name], revenue[name]) for name in orders}
