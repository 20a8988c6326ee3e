"""Generated invoices with the columns and the odd cases of the file "Online Retail".

`python -m tests.data.online_retail_sample > infra/imports/online_retail_sample.csv` makes it.
"""

from __future__ import annotations

import csv
import random
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

SEED, INVOICES, CUSTOMERS = 20101201, 240, 70
HEADER = ["InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "UnitPrice",
          "CustomerID", "Country"]  # fmt: skip
PRODUCTS = [
    ("85123A", "WHITE HANGING HEART T-LIGHT HOLDER", "2.55"),
    ("22139", "RETRO SPOT TEA SET CERAMIC 11 PC ", "4.95"),
    ("21108", "FAIRY CAKE FLANNEL, ASSORTED COLOUR", "2.1"),
    ("22423", 'REGENCY CAKESTAND "3 TIER"', "12.75"),
    ("84029E", "RED WOOLLY HOTTIE, £1 OFF", "3.39"),
    ("20679", "CAFÉ PARASOL – EDWARDIAN", "5.95"),
    ("gift_0001_20", "Dotcomgiftshop Gift Voucher £20.00", "16.67"),
    ("BANK CHARGES", " Bank Charges", "15.0"),
    ("PADS", "PADS TO MATCH ALL CUSHIONS", "0.001"),
    ("POST", "POSTAGE", "18.0"),
]
COUNTRIES = ["United Kingdom"] * 6 + ["France", "EIRE", "Unspecified"]
Row = list[str]


def rows() -> Iterator[Row]:
    """The header and some 3,000 lines below it, in the order of time."""
    dice = random.Random(SEED)
    yield HEADER
    at = datetime(2010, 12, 1, 8, 26, tzinfo=UTC)
    for n in range(INVOICES):
        at += timedelta(minutes=dice.randint(3, 110))
        invoice, customer = str(536365 + n), _customer(dice)
        country = COUNTRIES[int(customer[:5] or n) % len(COUNTRIES)]

        def line(product, quantity, price, at=at, invoice=invoice, end=(customer, country)):
            code, description, _ = product
            return [invoice, code, description, str(quantity), f"{at:%F %T}", price, *end]

        match n % 12:
            case 5:
                for product in dice.sample(PRODUCTS, 2):
                    yield line(product, -dice.randint(1, 8), product[2], invoice=f"C{invoice}")
            case 7:  # stock written off or given away, with or without a description
                item = ("21777", dice.choice(["", "damages?"]), "")
                yield line(item, dice.choice([-60, 56]), "0.0", end=("", "United Kingdom"))
            case _:
                sold = [line(p, dice.randint(1, 48), p[2]) for p in _basket(dice)]
                sold.append(list(sold[0]))  # an identical line is another sale
                if n % 6 == 2:  # an invoice whose later lines have the next minute
                    sold += [line(p, 1, p[2], at + timedelta(minutes=1)) for p in _basket(dice)]
                if n % 40 == 9:  # a line of another invoice in between
                    sold.insert(-1, line(PRODUCTS[-1], 1, "18.0", invoice=f"{invoice}B"))
                yield from sold
    for n, price in enumerate(["11062.06", "-11062.06", "-11062.06"]):
        yield [
            f"A{563185 + n}",
            "B",
            "Adjust bad debt",
            "1",
            f"{at:%F %T}",
            price,
            "",
            "United Kingdom",
        ]


def _customer(dice: random.Random) -> str:
    """A customer id, written as a float; empty for an unknown customer."""
    return "" if dice.random() < 0.25 else f"{12346 + dice.randrange(CUSTOMERS)}.0"


def _basket(dice: random.Random) -> list[tuple[str, str, str]]:
    return dice.choices(PRODUCTS, k=dice.randint(3, 22))


if __name__ == "__main__":
    csv.writer(sys.stdout, lineterminator="\n").writerows(rows())
