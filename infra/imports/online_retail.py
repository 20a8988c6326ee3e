"""Invoices in the shape of UCI's "Online Retail" (docs/online-retail.md says what becomes what)."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec

from domain.errors import Malformed
from infra.imports.files import ImportLine

COLUMNS = [
    "InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID",
    "Country",
]  # fmt: skip
ORIGIN = "online-retail"
_FORMS = {
    "Quantity": (re.compile(r"-?[0-9]{1,9}"), "write a whole number"),
    "InvoiceDate": (
        re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", re.ASCII),
        "write it like 2010-12-01 08:26:00, in UTC",
    ),
    "UnitPrice": (
        re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,6})?"),
        "write it like 2.55, with at most six decimals",
    ),
}
SAMPLE = Path(__file__).with_name("online_retail_sample.csv")
"""A generated file of the same form, with every odd case of the real one."""


def parse_invoices(lines: Iterable[bytes], namespace: str = ORIGIN) -> Iterator[ImportLine]:
    """Return a message for each line below the header; customers are `namespace:CustomerID`.

    An event's id is its invoice and the number of the line within it: two lines with the same cells
    are two events, and a file that is imported again is recognised. Raises Malformed for a file
    with another header.
    """
    numbered = enumerate(lines, 1)
    _, header = next(numbered, (1, b""))
    if _header(header) != COLUMNS:
        raise Malformed(f"the file does not begin with the header {','.join(COLUMNS)}, in UTF-8")
    counts: Counter[bytes] = Counter()
    for number, line in numbered:
        if not line.strip():
            continue
        # A wrong line is counted too, so that later lines keep their ids when it is corrected.
        invoice = line.partition(b",")[0].strip(b'"')
        counts[invoice] += 1
        try:
            yield ImportLine(number, line, _message(_cells(line), counts[invoice], namespace))
        except Malformed as refusal:
            yield ImportLine(number, line, refusal)


def _header(line: bytes) -> list[str]:
    try:
        return next(csv.reader([line.decode("utf-8-sig")]), [])
    except (UnicodeDecodeError, csv.Error):
        return []


def _cells(line: bytes) -> list[str]:
    if not line.endswith(b"\n"):
        raise Malformed(
            "the line has no newline at its end: the file may be cut. Fetch it again, or add one"
        )
    try:
        [cells] = csv.reader([line.decode()], strict=True)
    except UnicodeDecodeError:
        raise Malformed("the line is not in UTF-8: convert the file and import it again") from None
    except csv.Error:
        raise Malformed(
            "the line is not CSV: close its quotes, and double those in a cell"
        ) from None
    if len(cells) != len(COLUMNS):
        raise Malformed(f"the line has {len(cells)} columns: write {len(COLUMNS)}, as the header")
    for cell, column in zip(cells, COLUMNS, strict=True):
        if column in _FORMS and not _FORMS[column][0].fullmatch(cell):
            raise Malformed(f"{column}: {_FORMS[column][1]}", column)
    return cells


def _message(cells: list[str], number: int, namespace: str) -> bytes:
    invoice, product, description, quantity, date, price, customer, country = cells
    pieces = int(quantity)
    data: dict[str, Any] = {"currency": "GBP", "origin": ORIGIN}
    more: dict[str, Any] = {}
    match invoice[:1]:
        case "C":
            event = "return-reported"
            returned = {"product": product, "quantity": -pieces, "unit_price": price}
            data["lines"] = [returned]
        case "A":
            event = "order-adjusted"
            data |= {"amount": f"{pieces * Decimal(price):f}", "cause": product}
            more["reason"] = description
        case _:
            event = "order-line-adopted"
            data |= {
                "line_id": str(number), "product": product, "quantity": pieces,
                "unit_price": price, "description": description or None,
                "market": country or None,
            }  # fmt: skip
    if customer:  # written as a float: 17850.0
        more["customerid"] = f"{namespace}:{customer.removesuffix('.0')}"
    return msgspec.json.encode(
        {
            "specversion": "1.0",
            "id": f"{invoice}/{number}",
            "source": f"/{ORIGIN}",
            "type": f"order.{event}.v1",
            "subject": f"order/{invoice}",
            "time": f"{date.replace(' ', 'T')}Z",
            "data": data,
            **more,
        }
    )
