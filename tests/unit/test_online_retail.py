"""Lines of "Online Retail" become messages; the refusal of a wrong one names its column."""

import csv
import gzip
import io
import json
import lzma

import pytest

from domain.errors import Malformed
from infra.imports.files import unpack
from infra.imports.online_retail import COLUMNS, SAMPLE, parse_invoices
from tests.data import online_retail_sample

HEADER = ",".join(COLUMNS).encode() + b"\n"
GOOD = b"536365,85123A,HEART,6,2010-12-01 08:26:00,2.55,17850.0,United Kingdom\n"


def read(*lines, **more):
    return list(parse_invoices([HEADER, *lines], **more))


def parsed(line, **more):
    [only] = read(line, **more)
    return json.loads(only.message)


def test_a_line_of_a_sale_becomes_an_adopted_line():
    assert parsed(GOOD) == {
        "specversion": "1.0", "id": "536365/1", "source": "/online-retail",
        "type": "order.order-line-adopted.v1", "subject": "order/536365",
        "time": "2010-12-01T08:26:00Z", "customerid": "online-retail:17850",
        "data": {
            "line_id": "1", "product": "85123A", "quantity": 6, "unit_price": "2.55",
            "currency": "GBP", "origin": "online-retail", "description": "HEART",
            "market": "United Kingdom",
        },
    }  # fmt: skip
    assert parsed(GOOD, namespace="shop")["customerid"] == "shop:17850"
    free = parsed(b'536365,M,"A ""B"", \xc2\xa31",-6,2010-12-01 08:26:00,0.001,,\r\n')
    assert "customerid" not in free
    assert free["data"].items() >= {
        "description": 'A "B", £1', "quantity": -6, "unit_price": "0.001", "market": None,
    }.items()  # fmt: skip


def test_a_c_invoice_is_a_return_and_an_a_invoice_an_adjustment():
    back = parsed(b"C536379,D,Discount,-1,2010-12-01 09:41:00,27.50,14527.0,United Kingdom\n")
    assert (back["type"], back["subject"]) == ("order.return-reported.v1", "order/C536379")
    assert back["data"] == {
        "currency": "GBP", "origin": "online-retail",
        "lines": [{"product": "D", "quantity": 1, "unit_price": "27.50"}],
    }  # fmt: skip
    more = parsed(b"A563186,B,Adjust bad debt,2,2011-08-12 14:51:00,-11062.06,,United Kingdom\n")
    assert (more["type"], more["reason"]) == ("order.order-adjusted.v1", "Adjust bad debt")
    assert more["data"] == {
        "currency": "GBP", "origin": "online-retail", "amount": "-22124.12", "cause": "B",
    }  # fmt: skip


def test_ids_are_counted_within_an_invoice_whatever_its_lines_say():
    other = GOOD.replace(b"536365", b"536366")
    lines = read(GOOD, GOOD, other, b"\n", GOOD.replace(b"HEART", b"\xff"), GOOD)
    assert [(n.number, isinstance(n.message, Malformed)) for n in lines] == [
        (2, False), (3, False), (4, False), (6, True), (7, False),
    ]  # fmt: skip
    ids = [json.loads(n.message)["id"] for n in lines if isinstance(n.message, bytes)]
    assert ids == ["536365/1", "536365/2", "536366/1", "536365/4"]


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        (GOOD[:-9], "the line has no newline at its end: the file may be cut"),
        (GOOD[:18] + b"\n", "the line has 3 columns: write 8"),
        (GOOD.replace(b"HEART", b"HE,ART"), "the line has 9 columns: write 8"),
        (GOOD.replace(b"HEART", b"CAF\xc9"), "the line is not in UTF-8: convert the file"),
        (GOOD.replace(b"HEART", b'"HEART'), "the line is not CSV: close its quotes"),
        (GOOD.replace(b"HEART", b'"HE"ART'), "the line is not CSV: close its quotes"),
        (GOOD.replace(b",6,", b",6.5,"), "Quantity: write a whole number"),
        (GOOD.replace(b"2010-12-01", b"12/1/10"), "InvoiceDate: write it like 2010-12-01"),
        (GOOD.replace(b"2.55", b"2,55"), "the line has 9 columns"),
        (GOOD.replace(b"2.55", b"1e3"), "UnitPrice: write it like 2.55"),
        (GOOD.replace(b"2.55", b"0.0000001"), "with at most six decimals"),
    ],
)
def test_a_bad_line_is_refused_by_itself(bad, words):
    good, refused = read(GOOD, bad)
    assert isinstance(good.message, bytes)
    assert refused.content == bad
    assert words in str(refused.message)


@pytest.mark.parametrize(
    "header", [b"", GOOD, HEADER.replace(b",", b";"), HEADER.decode().encode("utf-16")]
)
def test_another_header_refuses_the_file(header):
    with pytest.raises(Malformed, match="does not begin with the header InvoiceNo,StockCode"):
        list(parse_invoices([header, GOOD]))


def test_a_byte_order_mark_and_other_line_ends_are_accepted():
    lines = [b"\xef\xbb\xbf" + HEADER.replace(b"\n", b"\r\n"), GOOD.replace(b"\n", b"\r\n")]
    [line] = parse_invoices(lines)
    assert json.loads(line.message) == parsed(GOOD)


@pytest.mark.parametrize(("suffix", "pack"), [(".gz", gzip.compress), (".xz", lzma.compress)])
def test_a_compressed_file_is_a_stream_and_a_truncated_one_is_refused(suffix, pack):
    packed = pack(SAMPLE.read_bytes())
    assert b"".join(unpack(io.BytesIO(packed), f"in{suffix}")) == SAMPLE.read_bytes()
    lines = unpack(io.BytesIO(packed[: len(packed) // 2]), f"in{suffix}")
    with pytest.raises(Malformed, match=f"in{suffix} is cut or damaged"):
        list(lines)


def test_the_sample_is_what_its_generator_makes():
    with SAMPLE.open(encoding="utf-8", newline="") as file:
        assert list(csv.reader(file)) == list(online_retail_sample.rows())
