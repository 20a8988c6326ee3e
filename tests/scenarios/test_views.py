"""Events imported on the command line, and the figures and rows of each view."""

from __future__ import annotations

import json

import pytest

from projections import discover
from projections.figures import definition_of
from tests.both_logs import LOGS
from tests.conftest import copy_home, log_of
from tests.frontdoor import FACTS, message
from tests.members import two_members
from tests.within import Within

GBP = {"currency": "GBP", "origin": "shop"}
CUT = {"operation_id": "cut", "line_id": "1", "work_centre": "cutting"}


def line(id, order, line_id, quantity, price, day=1, **more):
    return message(
        id, "order.order-line-adopted.v1", f"order/{order}",
        {"line_id": line_id, "product": "shirt", "quantity": quantity, "unit_price": price, **GBP},
        **{"time": f"2026-03-{day:02}T12:00:00Z", **more},
    )  # fmt: skip


SHOP = [
    line("1", "A", "1", 6, "2.55", customerid="shop:ann"),
    line("2", "A", "2", 3, "0.001", customerid="shop:ann"),
    line("3", "B", "1", 1, "10", day=2, customerid="shop:ann"),
    line("4", "C", "1", 2, "4.20"),
    message("5", "order.return-reported.v1", "order/R",
            {"lines": [{"product": "shirt", "quantity": 2, "unit_price": "2.55"}], **GBP},
            customerid="shop:ann"),
    message("6", "order.order-adjusted.v1", "order/D",
            {"amount": "-11.06", "cause": "bad-debt", **GBP}),
]  # fmt: skip
PLANT_AND_CUSTOMER = [
    message("7", "order.operation-queued.v1", "order/A", CUT),
    message("8", "order.operation-started.v1", "order/A", CUT, time="2026-03-01T13:00:00Z"),
    message("9", "order.operation-completed.v1", "order/A", {**CUT, "quantity": 6, "run_s": 1800},
            time="2026-03-01T14:00:00Z", causationid="8"),
    message("10", "order.quality-check-passed.v1", "order/A",
            {"check_id": "K1", "line_id": "1", "quantity": 6}, causationid="9"),
    message("11", "order.order-shipped.v1", "order/C", {}, causationid="nobody-knows"),
    message("12", "customer.content-contributed.v1", "customer/shop:ann",
            {"kind": "payee", "item_id": "p1", "portable": 0.5, "effort_s": 600, **FACTS},
            causationid="10"),
    *(message(f"13-{n}", "customer.content-reused.v1", "customer/shop:ann",
              {"kind": "payee", "item_id": "p1"}) for n in range(3)),
    message("14", "customer.preference-stated.v1", "customer/shop:ann",
            {"attribute": "milk", "value": "oat", **FACTS}),
    message("15", "customer.attribute-appended.v1", "customer/shop:ann",
            {"attribute": "milk", "value": "cow", "vendor": "acme", "licence": "l",
             "vendor_as_of": "2026-01-01T00:00:00Z", **FACTS, "origin": "third_party"}),
]  # fmt: skip


@pytest.fixture(scope="module", params=LOGS)
def front(request, home_template, tmp_path_factory):
    home = copy_home(home_template, tmp_path_factory.mktemp("views"))
    with two_members(Within(home, log_of(request))) as front:
        front.publish(*SHOP)
        front.publish(*PLANT_AND_CUSTOMER, basis="fulfil,personalize,analyse,append_third_party")
        yield front


def show(front, *words):
    return json.loads(front.ok("show", *words, "--json"))


def test_prices(front):
    report = show(front, "prices")
    figures = report["figures"]
    assert (report["lag"]["events"], report["parked"], report["more"]) == (0, 0, False)
    assert (figures["orders"], figures["revenue"]) == (3, {"GBP": "33.703"})
    assert figures["revenue_by_day"] == [
        {"day": "2026-03-01", "currency": "GBP", "orders": 2, "revenue": "23.703"},
        {"day": "2026-03-02", "currency": "GBP", "orders": 1, "revenue": "10"},
    ]
    [ann] = figures["revenue_by_customer"]
    assert (ann["orders"], ann["revenue"]) == (2, "25.303")
    assert (figures["returned"]["GBP"]["value"], figures["returned"]["GBP"]["count"]) == ("5.10", 1)
    assert figures["adjusted"] == {"GBP": "-11.06"}
    assert {r["order_id"] for r in show(front, "prices", "shop:ann")["rows"]} == {"A", "B", "R"}
    [row] = show(front, "prices", "A")["rows"]
    assert (row["sold"], row["customer"]) == ("15.303", ann["customer"])
    sums = "SELECT sum(sold) FROM prices"
    assert json.loads(front.ok("sql", sums, "--json"))["rows"] == [{"sum": "33.703"}]


def test_backlog_quality_and_loyalty(front):
    figures = show(front, "backlog")["figures"]
    assert (figures["orders"], figures["bottleneck"]) == (5, "cutting")
    [cutting] = figures["work_centres"]
    assert (cutting["wip"], cutting["took_h"], cutting["run_s"]) == (0, 2.0, 1800.0)
    figures = show(front, "quality")["figures"]
    assert (figures["first_pass_yield"]["first_pass"], figures["first_pass_yield"]["checked"]) == (
        1,
        1,
    )
    figures = show(front, "loyalty")["figures"]
    assert (figures["customers"], figures["repeat_customers"], figures["repeat_rate"]) == (
        1,
        1,
        1.0,
    )
    assert figures["rebuild_s"] == pytest.approx(300 * (1 - 2.718281828**-1))
    [row] = show(front, "loyalty", "shop:ann")["rows"]
    assert [(p["order_id"], p["amount"]) for p in row["purchases"]] == [
        ("A", "15.303"), ("B", "10"),
    ]  # fmt: skip


def test_profile(front):
    figures = show(front, "profile")["figures"]
    assert (figures["customers"], figures["believed"], figures["direct_share"]) == (1, 1, 1.0)
    assert figures["vendors"] == [
        {"vendor": "acme", "values": 1, "inferences": 0, "lost": 0, "replaced": 0, "customers": 1}
    ]
    page = front.ok("show", "profile", "shop:ann").split("Beliefs")[1]
    own, vendors = (line.split() for line in page.splitlines() if line.startswith(" milk"))
    assert own[:4] == ["milk", "oat", "yes", "direct"]
    assert vendors[:5] == ["milk", "cow", "no", "third_party", "acme"]


def test_audit_counts_missing_causes_and_shows_a_tree_across_streams(front):
    figures = show(front, "audit")["figures"]
    assert (figures["events"], figures["orphan_causes"], figures["missing_actors"]) == (
        len(SHOP + PLANT_AND_CUSTOMER) + 2, 1, 0,  # and two grants of consent
    )  # fmt: skip
    assert [(o["subject"], o["causationid"]) for o in figures["orphans"]] == [
        ("order/C", "nobody-knows")
    ]
    rules = {u["rule"]: u["reports"] for u in figures["unexpected_by_rule"]}
    assert rules == {"return-fits-no-sale": 1}
    report = show(front, "audit", "order/A")
    assert {r["subject"] for r in report["rows"]} == {"order/A"}
    types = [(n["depth"], n["type"] and n["type"].split(".")[1]) for n in report["tree"]]
    assert types == [
        (0, "order-line-adopted"), (0, "order-line-adopted"), (0, "operation-queued"),
        (0, "operation-started"), (1, "operation-completed"), (2, "quality-check-passed"),
        (3, "content-contributed"),
    ]  # fmt: skip
    about = show(front, "audit", "customer/shop:ann")["tree"]
    assert [n["depth"] for n in about if n["type"] == "customer.content-contributed.v1"] == [3]
    assert show(front, "audit", report["rows"][3]["event_id"])["tree"] == report["tree"][3:]


def test_a_command_is_above_the_events_that_it_recorded(front):
    front.ok("order", "draft", "7", "--line", "L1=shirt", "--customer", "shop:ann")
    [command, drafted] = show(front, "audit", "order/7")["tree"]
    assert (command["type"], drafted["depth"]) == (None, 1)
    figures = show(front, "audit")["figures"]
    assert (figures["orphan_causes"], figures["missing_actors"]) == (1, 1)
    assert [x["subject"] for x in figures["without_actor"]] == ["order/7"]
    front.publish(message("20", "order.order-delivered.v1", "order/7", {}, causationid="8"))
    story = [(n["depth"], n["subject"]) for n in show(front, "audit", "order/7")["tree"]]
    assert story == [(0, "order/A"), (1, "order/7"), (0, None), (1, "order/7")]
    assert "delivered-without-being-shipped" in front.ok("show", "audit", "order/7")


def test_limits_bound_rows_and_not_figures(front):
    report = show(front, "prices", "--limit", "2")
    assert (len(report["rows"]), report["more"], report["figures"]["orders"]) == (2, True, 3)
    page = front.ok("show", "prices", "--limit", "2")
    assert "… and more: `--limit N` shows them." in page


@pytest.mark.parametrize("words", [*([view] for view in sorted(discover())), ["backlog", "A"]])
def test_pages_show_the_question_the_position_and_no_json(front, words):
    page = front.ok("show", *words)
    assert discover()[words[0]].answers in page
    assert ("In figures" in page) == (len(words) == 1 and definition_of(words[0]) is not None)
    assert not set("{}[]") & set(page)
    assert "Position " in page
