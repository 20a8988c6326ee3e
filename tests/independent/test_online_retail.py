"""Online Retail through the front door, and what its views say, reckoned by somebody else."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest

from tests.frontdoor import Front
from tests.independent.online_retail import COUNTS, Reckoned, file, lines, reckon

ORDERS = """
SELECT order_id, customer, (progress->>'total')::numeric AS revenue, progress->>'placed' AS first,
       jsonb_array_length(progress->'lines') AS lines
FROM backlog WHERE (progress->>'adopted')::bool
"""


@pytest.fixture
def front(tmp_path):
    return Front(tmp_path / "home")


def imported(front: Front, source) -> str:
    return front.ok("import", "online-retail", source, "--basis", "fulfil,analyse")


def asked(front: Front, query: str) -> dict:
    return json.loads(front.ok("sql", query, "--json"))


def agree(front: Front, reckoned: Reckoned) -> None:
    """The views are exactly what was reckoned; customers have other names there."""
    told = asked(front, ORDERS)
    assert (told["lag"]["events"], told["parked"]) == (0, 0)
    orders = {row["order_id"]: row for row in told["rows"]}
    assert {id: (Decimal(r["revenue"]), r["first"], r["lines"]) for id, r in orders.items()} == {
        id: (o.revenue, f"{o.first.replace(' ', 'T')}Z", o.lines)
        for id, o in reckoned.orders.items()
    }
    names: dict[str, set[str]] = {}
    for id, order in reckoned.orders.items():
        names.setdefault(order.customer, set()).add(orders[id]["customer"])
    assert names.pop("", {None}) == {None}
    assert all(len(found) == 1 for found in names.values())
    assert len(set.union(*names.values())) == len(reckoned.by_customer)
    [people] = asked(front, "SELECT count(*) FROM profile")["rows"]
    assert people == {"count": len(reckoned.customers)}


def figures_agree(front: Front, reckoned: Reckoned) -> None:
    """Each figure is what was reckoned: revenue by day and by customer, returns, who came again."""
    prices, loyalty = (
        json.loads(front.ok("show", view, "--limit", "1", "--json"))["figures"]
        for view in ("prices", "loyalty")
    )
    orders = reckoned.orders.values()
    assert prices["orders"] == len(orders)
    assert amounts(prices["revenue"]) == {"GBP": sum(o.revenue for o in orders)}
    assert rows(prices["revenue_by_day"], "day") == rows_of(reckoned.by_day)
    by_customer = rows(prices["revenue_by_customer"], "customer")
    assert sorted(by_customer.values()) == sorted(rows_of(reckoned.by_customer).values())
    best = sorted(reckoned.by_customer, key=lambda name: reckoned.by_customer[name][1])[-3:]
    for name in best:
        shown = front.show("loyalty", f"online-retail:{name.removesuffix('.0')}")
        assert by_customer[shown[0]["customer"]] == ("GBP", *reckoned.by_customer[name])
    returned = prices["returned"]["GBP"]
    assert (Decimal(returned["value"]), returned["count"]) == (
        reckoned.returned, reckoned.return_lines,
    )  # fmt: skip
    assert amounts(prices["adjusted"]) == {"GBP": reckoned.adjusted}
    assert loyalty["customers"] == len(reckoned.by_customer)
    assert loyalty["repeat_customers"] == len(reckoned.repeat_customers)


def amounts(by_currency: dict[str, str]) -> dict[str, Decimal]:
    return {currency: Decimal(amount) for currency, amount in by_currency.items()}


def rows(said: list[dict], name: str) -> dict[str, tuple[str, int, Decimal]]:
    return {r[name]: (r["currency"], r["orders"], Decimal(r["revenue"])) for r in said}


def rows_of(reckoned: dict[str, tuple[int, Decimal]]) -> dict[str, tuple[str, int, Decimal]]:
    return {name: ("GBP", *told) for name, told in reckoned.items()}


@pytest.mark.timeout(900)  # half a million lines, on a machine that may be busy
def test_the_whole_file_is_in_the_views(front, capsys):
    source = file()
    reckoned = reckon(lines(source))
    with capsys.disabled():
        print(f"\n{source.name}: {reckoned.lines} lines", end=" ")
    counts = reckoned.lines, len(reckoned.invoices), len(reckoned.customers)
    assert counts == COUNTS[source.name]
    told = imported(front, source)
    assert f"{reckoned.lines} read, {reckoned.lines} accepted" in told
    agree(front, reckoned)
    figures_agree(front, reckoned)


def test_half_and_then_all_and_all_again_is_once(front, tmp_path):
    source = file()
    tenth = lines(source, COUNTS[source.name][0] // 10)
    half = len(tenth) // 2
    part, whole = tmp_path / "part.csv", tmp_path / "whole.csv"
    part.write_text("".join(tenth[: half + 1]), encoding="utf-8")
    whole.write_text("".join(tenth), encoding="utf-8")
    everything = len(tenth) - 1
    assert f"{half} read, {half} accepted, 0 already known, 0 held, 0 refused" in imported(
        front, part
    )
    assert f"{everything} read, {everything - half} accepted, {half} already known" in imported(
        front, whole
    )
    agree(front, reckon(tenth))
    before = {view: asked(front, f"SELECT * FROM {view}") for view in ("backlog", "profile")}
    assert f"0 accepted, {everything} already known, 0 held, 0 refused" in imported(front, whole)
    assert before == {view: asked(front, f"SELECT * FROM {view}") for view in before}
