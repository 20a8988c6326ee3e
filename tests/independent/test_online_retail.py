"""Online Retail imported on the command line: its views show what an independent sum finds."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest

from tests.frontdoor import Front
from tests.independent.online_retail import COUNTS, Totals, file, lines, total

ORDERS = """
SELECT order_id, customer, (progress->>'total')::numeric AS revenue, progress->>'placed' AS first,
       jsonb_array_length(progress->'lines') AS lines
FROM backlog WHERE (progress->>'adopted')::bool
"""


@pytest.fixture
def front(tmp_path):
    return Front(tmp_path / "home")


def import_file(front: Front, source) -> str:
    """The report that the command prints."""
    return front.ok("import", "online-retail", source, "--basis", "fulfil,analyse")


def query(front: Front, sql: str) -> dict:
    return json.loads(front.ok("sql", sql, "--json"))


def assert_orders_equal(front: Front, totals: Totals) -> None:
    """Orders, their amounts and their customers are the same; customers have other ids there."""
    answer = query(front, ORDERS)
    assert (answer["lag"]["events"], answer["parked"]) == (0, 0)
    orders = {row["order_id"]: row for row in answer["rows"]}
    assert {id: (Decimal(r["revenue"]), r["first"], r["lines"]) for id, r in orders.items()} == {
        id: (o.revenue, f"{o.first.replace(' ', 'T')}Z", o.lines) for id, o in totals.orders.items()
    }
    ids: dict[str, set[str]] = {}
    for order_id, order in totals.orders.items():
        ids.setdefault(order.customer, set()).add(orders[order_id]["customer"])
    assert ids.pop("", {None}) == {None}
    assert all(len(ids_of_one) == 1 for ids_of_one in ids.values())
    assert len(set.union(*ids.values())) == len(totals.by_customer)
    [profiles] = query(front, "SELECT count(*) FROM profile")["rows"]
    assert profiles == {"count": len(totals.customers)}


def assert_figures_equal(front: Front, totals: Totals) -> None:
    """Revenue by day and by customer, returns, adjustments, and customers who came again."""
    prices, loyalty = (
        json.loads(front.ok("show", view, "--limit", "1", "--json"))["figures"]
        for view in ("prices", "loyalty")
    )
    orders = totals.orders.values()
    assert prices["orders"] == len(orders)
    assert amounts(prices["revenue"]) == {"GBP": sum(o.revenue for o in orders)}
    assert by_name(prices["revenue_by_day"], "day") == in_pounds(totals.by_day)
    by_customer = by_name(prices["revenue_by_customer"], "customer")
    assert sorted(by_customer.values()) == sorted(in_pounds(totals.by_customer).values())
    best = sorted(totals.by_customer, key=lambda name: totals.by_customer[name][1])[-3:]
    for name in best:
        rows = front.show("loyalty", f"online-retail:{name.removesuffix('.0')}")
        assert by_customer[rows[0]["customer"]] == ("GBP", *totals.by_customer[name])
    returned = prices["returned"]["GBP"]
    assert (Decimal(returned["value"]), returned["count"]) == (totals.returned, totals.return_lines)
    assert amounts(prices["adjusted"]) == {"GBP": totals.adjusted}
    assert loyalty["customers"] == len(totals.by_customer)
    assert loyalty["repeat_customers"] == len(totals.repeat_customers)


def amounts(by_currency: dict[str, str]) -> dict[str, Decimal]:
    return {currency: Decimal(amount) for currency, amount in by_currency.items()}


def by_name(rows: list[dict], name: str) -> dict[str, tuple[str, int, Decimal]]:
    return {row[name]: (row["currency"], row["orders"], Decimal(row["revenue"])) for row in rows}


def in_pounds(sums: dict[str, tuple[int, Decimal]]) -> dict[str, tuple[str, int, Decimal]]:
    return {name: ("GBP", orders, revenue) for name, (orders, revenue) in sums.items()}


@pytest.mark.timeout(900)  # half a million lines, on a machine that may be busy
def test_the_views_show_the_whole_file(front, capsys):
    source = file()
    totals = total(lines(source))
    with capsys.disabled():
        print(f"\n{source.name}: {totals.lines} lines", end=" ")
    counts = totals.lines, len(totals.invoices), len(totals.customers)
    assert counts == COUNTS[source.name]
    report = import_file(front, source)
    assert f"{totals.lines} read, {totals.lines} accepted" in report
    assert_orders_equal(front, totals)
    assert_figures_equal(front, totals)


def test_importing_half_a_file_then_all_of_it_then_all_again_counts_each_line_once(front, tmp_path):
    source = file()
    tenth = lines(source, COUNTS[source.name][0] // 10)
    count, half = len(tenth) - 1, len(tenth) // 2
    part, whole = tmp_path / "part.csv", tmp_path / "whole.csv"
    part.write_text("".join(tenth[: half + 1]), encoding="utf-8")
    whole.write_text("".join(tenth), encoding="utf-8")
    report = import_file(front, part)
    assert f"{half} read, {half} accepted, 0 already stored, 0 held, 0 refused" in report
    report = import_file(front, whole)
    assert f"{count} read, {count - half} accepted, {half} already stored" in report
    assert_orders_equal(front, total(tenth))
    before = {view: query(front, f"SELECT * FROM {view}") for view in ("backlog", "profile")}
    report = import_file(front, whole)
    assert f"0 accepted, {count} already stored, 0 held, 0 refused" in report
    assert before == {view: query(front, f"SELECT * FROM {view}") for view in before}
