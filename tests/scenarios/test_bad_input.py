"""Bad input: each line is answered for itself, and mended it comes in; nothing else is touched."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from contextlib import closing, suppress

import pytest

from infra.deployment import Deployment
from infra.postgres.server import embedded
from infra.settings import Settings
from tests.frontdoor import FACTS, Front, message
from tests.integration.test_embedded_faults import server_processes
from tests.waiting import until

HEADER = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n"
TEA = "1,T,TEA,2,2011-01-01 10:00:00,1.50,7.0,France\n"


def stated(id, *without, more=None, **data):
    said = message(
        id, "customer.preference-stated.v1", "customer/shop:ann",
        {"attribute": f"a{id}", "value": "café", **FACTS, **data},
    )  # fmt: skip
    for field in without:
        del said["data"][field]
    return json.dumps({**said, **(more or {})}, ensure_ascii=False).encode()


def adopted(id, **data):
    said = {"lines": [{"line_id": "1", "product": "tea", "quantity": 1, "unit_price": "1.5"}],
            "total": "1.50", "currency": "EUR", "origin": "till", **data}  # fmt: skip
    return json.dumps(message(id, "order.order-adopted.v1", f"order/{id}", said)).encode()


EVENTS = [  # as it came, why it is refused, as it should have been
    (b'{"id": ', "this is no JSON: send one whole object", stated("1")),
    (stated("2", more={"type": "customer.thing-sung.v1"}), "type: no event has this", stated("2")),
    (stated("3", "value"), "data.value: is missing: add it", stated("3")),
    (stated("4", colour="x"), "data.colour: is not a field of this type", stated("4")),
    (stated("5", effort_s="9"), "data.effort_s: Input should be a valid number", stated("5")),
    (stated("6", effort_s=-9), "data.effort_s: Input should be greater", stated("6")),
    (stated("7", more={"time": "2026-03-01T12:00:00"}), "time: the time has no", stated("7")),
    (adopted("8", total=1.5), "data.total: money is text, not a number", adopted("8")),
    (adopted("9", currency="euro"), "data.currency: String should", adopted("9")),
    (stated("0", value="tea"), "this id was used before with other contents", stated("10")),
    (stated("11").decode().encode("latin-1"), "this is no JSON", stated("11")),
    (stated("12")[:-20], "this is no JSON", stated("12")),
]


def test_each_bad_line_is_refused_for_itself_and_comes_in_when_it_is_mended(front, tmp_path):
    file = tmp_path / "in.jsonl"
    good = stated("0")
    file.write_bytes(b"\n".join([good, *(came for came, _, _ in EVENTS)]))
    done = front.run("import", "events", file, "--basis", "personalize,fulfil")
    assert (
        f"{len(EVENTS) + 1} read, 1 accepted, 0 already stored, 0 held, {len(EVENTS)} refused"
        in (done.stdout)
    )
    written = (tmp_path / "in.jsonl.refused.jsonl").read_text().splitlines()
    refused = [json.loads(line) for line in written]
    assert [r["line"] for r in refused] == list(range(2, len(EVENTS) + 2))
    for told, (came, words, _) in zip(refused, EVENTS, strict=True):
        assert words in told["reason"]
        assert told["text"] == came.decode(errors="backslashreplace")
        assert "café" not in told["reason"]
    file.write_bytes(b"\n".join([good, *(mended for _, _, mended in EVENTS)]))
    told = front.ok("import", "events", file, "--basis", "personalize,fulfil")
    assert f"{len(EVENTS)} accepted, 1 already stored, 0 held, 0 refused" in told
    [row] = front.show("profile", "shop:ann")
    ids = [0, *range(1, 8), *range(10, 13)]
    assert sorted(row["values"]) == sorted([f"a{id}", "café"] for id in ids)
    assert {order["order_id"] for order in front.show("backlog")} == {"8", "9"}


def test_another_currency_is_recorded_if_it_happened_and_refused_if_it_is_asked(front):
    front.publish(json.loads(adopted("1")))
    front.publish(
        message("2", "order.payment-recorded.v1", "order/1", {"amount": "1.00", "currency": "EUR"}),
        message("3", "order.payment-recorded.v1", "order/1", {"amount": "9.00", "currency": "USD"}),
    )
    assert front.show("backlog", "1")[0]["progress"]["paid"] == "1.00"
    flagged = json.loads(front.ok("show", "audit", "--json"))["figures"]["unexpected_by_rule"]
    assert [(u["rule"], u["reports"]) for u in flagged] == [("another-currency", 1)]
    asked = {"refund_id": "R", "amount": "1.00", "currency": "USD"}
    assert "the order is in EUR: name the amount in it" in front.refused(
        "order", "tell", "1", "refund", json.dumps(asked)
    )


def test_an_invoice_keeps_its_lines_apart_though_one_of_them_is_bad(front, tmp_path):
    file = tmp_path / "in.csv"
    file.write_bytes((HEADER + TEA + TEA.replace("TEA", "CAFÉ") + TEA).encode("latin-1"))
    done = front.run("import", "online-retail", file, "--basis", "fulfil")
    assert "3 read, 2 accepted, 0 already stored, 0 held, 1 refused" in done.stdout
    [refused] = map(json.loads, (tmp_path / "in.csv.refused.jsonl").read_text().splitlines())
    assert (refused["line"], refused["text"]) == (3, TEA.replace("TEA", r"CAF\xc9").rstrip())
    assert "the line is not in UTF-8: convert the file" in refused["reason"]
    file.write_text(HEADER + TEA + TEA.replace("TEA", "CAFÉ") + TEA, encoding="utf-8")
    told = front.ok("import", "online-retail", file, "--basis", "fulfil")
    assert "3 read, 1 accepted, 2 already stored, 0 held, 0 refused" in told
    changed = TEA.replace("1.50", "1.40")
    file.write_text(HEADER + TEA + changed + changed[:-3], encoding="utf-8")
    done = front.run("import", "online-retail", file, "--basis", "fulfil")
    assert "3 read, 0 accepted, 1 already stored, 0 held, 2 refused" in done.stdout
    reasons = (tmp_path / "in.csv.refused.jsonl").read_text()
    assert "this id was used before with other contents" in reasons
    assert "the file may be cut. Fetch it again" in reasons
    assert front.show("backlog", "1")[0]["progress"]["total"] == "9.00"


def test_a_file_of_another_kind_is_refused_whole(front, tmp_path):
    file = tmp_path / "in.csv"
    file.write_text(HEADER.replace(",", ";") + TEA)
    words = ["import", "online-retail", file, "--basis", "fulfil"]
    assert "does not begin with the header InvoiceNo,StockCode" in front.refused(*words)
    assert front.show("backlog") == []


@pytest.mark.one_log("what is not stored is not told to any log")
@pytest.mark.parametrize("whose", ["ours", "theirs"])
def test_a_database_that_goes_away_is_said_and_the_import_goes_on_where_it_was(tmp_path, whose):
    server_home = tmp_path / ("home" if whose == "ours" else "elsewhere")
    file = tmp_path / "in.csv"
    count = 30_000
    many = (TEA.replace("1,", f"{n // 20},", 1) for n in range(count))
    file.write_text(HEADER + "".join(many))
    with closing(embedded.start(server_home, linger_s=1)) as server:
        more = (("ORDERMADE_DATABASE_URL", server.url()),) if whose == "theirs" else ()
        front = Front(tmp_path / "home", more)
        front.ok("init")
        words = ["import", "online-retail", file, "--basis", "fulfil,analyse"]
        pipe = subprocess.PIPE
        begun = front.start(*words, stdout=pipe, stderr=pipe, text=True)
        with Deployment(
            Settings(home=front.home, database_url=dict(more).get("ORDERMADE_DATABASE_URL"))
        ) as deployment:
            until(lambda: sum(deployment.log.heads().values()) > 3_000)
        for pid in server_processes(server_home):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        out, err = begun.communicate(timeout=60)
        print(out, err)
        assert begun.returncode == 1
        assert "run this again" in err
        assert "Traceback" not in err
        assert f"{count} read" not in out
    with closing(embedded.start(server_home, linger_s=1)):
        told = front.ok(*words)
        assert f"{count} read" in told
        assert " 0 already stored" not in told
        assert " 0 refused" in told
        [row] = front.rows(
            "sql", "SELECT count(*), sum((progress->>'total')::numeric) FROM backlog"
        )
        assert row == {"count": count // 20, "sum": f"{count * 3}.00"}
