"""Bad input: each line is refused alone, and accepted once it is corrected."""

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
    event = message(
        id, "customer.preference-stated.v1", "customer/shop:ann",
        {"attribute": f"a{id}", "value": "café", **FACTS, **data},
    )  # fmt: skip
    for field in without:
        del event["data"][field]
    return json.dumps({**event, **(more or {})}, ensure_ascii=False).encode()


def adopted(id, **data):
    event = {"lines": [{"line_id": "1", "product": "tea", "quantity": 1, "unit_price": "1.5"}],
            "total": "1.50", "currency": "EUR", "origin": "till", **data}  # fmt: skip
    return json.dumps(message(id, "order.order-adopted.v1", f"order/{id}", event)).encode()


EVENTS = [  # a wrong line, the reason why it is refused, and the line corrected
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


def test_each_bad_line_is_refused_alone_and_accepted_when_corrected(front, tmp_path):
    file = tmp_path / "in.jsonl"
    good = stated("0")
    file.write_bytes(b"\n".join([good, *(wrong for wrong, _, _ in EVENTS)]))
    done = front.run("import", "events", file, "--basis", "personalize,fulfil")
    assert (
        f"{len(EVENTS) + 1} read, 1 accepted, 0 already stored, 0 held, {len(EVENTS)} refused"
        in (done.stdout)
    )
    written = (tmp_path / "in.jsonl.refused.jsonl").read_text().splitlines()
    refused = [json.loads(line) for line in written]
    assert [r["line"] for r in refused] == list(range(2, len(EVENTS) + 2))
    for row, (wrong, reason, _) in zip(refused, EVENTS, strict=True):
        assert reason in row["reason"]
        assert row["text"] == wrong.decode(errors="backslashreplace")
        assert "café" not in row["reason"]
    file.write_bytes(b"\n".join([good, *(corrected for _, _, corrected in EVENTS)]))
    report = front.ok("import", "events", file, "--basis", "personalize,fulfil")
    assert f"{len(EVENTS)} accepted, 1 already stored, 0 held, 0 refused" in report
    [row] = front.show("profile", "shop:ann")
    ids = [0, *range(1, 8), *range(10, 13)]
    assert sorted(row["values"]) == sorted([f"a{id}", "café"] for id in ids)
    assert {order["order_id"] for order in front.show("backlog")} == {"8", "9"}


def test_another_currency_is_flagged_in_a_report_and_refused_in_a_command(front):
    front.publish(json.loads(adopted("1")))
    front.publish(
        message("2", "order.payment-recorded.v1", "order/1", {"amount": "1.00", "currency": "EUR"}),
        message("3", "order.payment-recorded.v1", "order/1", {"amount": "9.00", "currency": "USD"}),
    )
    assert front.show("backlog", "1")[0]["progress"]["paid"] == "1.00"
    flagged = json.loads(front.ok("show", "audit", "--json"))["figures"]["unexpected_by_rule"]
    assert [(u["rule"], u["reports"]) for u in flagged] == [("another-currency", 1)]
    refund = {"refund_id": "R", "amount": "1.00", "currency": "USD"}
    assert "the order is in EUR: give the amount in it" in front.refused(
        "order", "tell", "1", "refund", json.dumps(refund)
    )


def test_a_wrong_line_of_an_invoice_does_not_shift_the_others(front, tmp_path):
    file = tmp_path / "in.csv"
    file.write_bytes((HEADER + TEA + TEA.replace("TEA", "CAFÉ") + TEA).encode("latin-1"))
    done = front.run("import", "online-retail", file, "--basis", "fulfil")
    assert "3 read, 2 accepted, 0 already stored, 0 held, 1 refused" in done.stdout
    [refused] = map(json.loads, (tmp_path / "in.csv.refused.jsonl").read_text().splitlines())
    assert (refused["line"], refused["text"]) == (3, TEA.replace("TEA", r"CAF\xc9").rstrip())
    assert "the line is not in UTF-8: convert the file" in refused["reason"]
    file.write_text(HEADER + TEA + TEA.replace("TEA", "CAFÉ") + TEA, encoding="utf-8")
    report = front.ok("import", "online-retail", file, "--basis", "fulfil")
    assert "3 read, 1 accepted, 2 already stored, 0 held, 0 refused" in report
    changed = TEA.replace("1.50", "1.40")
    file.write_text(HEADER + TEA + changed + changed[:-3], encoding="utf-8")
    done = front.run("import", "online-retail", file, "--basis", "fulfil")
    assert "3 read, 0 accepted, 1 already stored, 0 held, 2 refused" in done.stdout
    reasons = (tmp_path / "in.csv.refused.jsonl").read_text()
    assert "this id was used before with other contents" in reasons
    assert "the file may be cut. Fetch it again" in reasons
    assert front.show("backlog", "1")[0]["progress"]["total"] == "9.00"


def test_a_file_with_another_header_is_refused_as_a_whole(front, tmp_path):
    file = tmp_path / "in.csv"
    file.write_text(HEADER.replace(",", ";") + TEA)
    words = ["import", "online-retail", file, "--basis", "fulfil"]
    assert "does not begin with the header InvoiceNo,StockCode" in front.refused(*words)
    assert front.show("backlog") == []


@pytest.mark.one_log("what is not stored is in no log")
@pytest.mark.parametrize("server_kind", ["embedded", "given"])
def test_an_import_whose_database_is_lost_says_so_and_can_be_run_again(tmp_path, server_kind):
    server_home = tmp_path / ("home" if server_kind == "embedded" else "elsewhere")
    file = tmp_path / "in.csv"
    count = 30_000
    many = (TEA.replace("1,", f"{n // 20},", 1) for n in range(count))
    file.write_text(HEADER + "".join(many))
    with closing(embedded.start(server_home, linger_s=1)) as server:
        more = (("ORDERMADE_DATABASE_URL", server.url()),) if server_kind == "given" else ()
        front = Front(tmp_path / "home", more)
        front.ok("init")
        words = ["import", "online-retail", file, "--basis", "fulfil,analyse"]
        pipe = subprocess.PIPE
        process = front.start(*words, stdout=pipe, stderr=pipe, text=True)
        with Deployment(
            Settings(home=front.home, database_url=dict(more).get("ORDERMADE_DATABASE_URL"))
        ) as deployment:
            until(lambda: sum(deployment.log.heads().values()) > 3_000)
        for pid in server_processes(server_home):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        out, err = process.communicate(timeout=60)
        assert process.returncode == 1
        assert "run this again" in err
        assert "Traceback" not in err
        assert f"{count} read" not in out
    with closing(embedded.start(server_home, linger_s=1)):
        report = front.ok(*words)
        assert f"{count} read" in report
        assert " 0 already stored" not in report
        assert " 0 refused" in report
        [row] = front.rows(
            "sql", "SELECT count(*), sum((progress->>'total')::numeric) FROM backlog"
        )
        assert row == {"count": count // 20, "sum": f"{count * 3}.00"}
