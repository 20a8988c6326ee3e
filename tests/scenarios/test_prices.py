"""Prices by a book: quoted, changed, explained and verified on the command line."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from consumers.doors.commands import Command
from domain.pricing.engines import CURRENT
from infra.deployment import Deployment
from tests.both_logs import LOGS
from tests.conftest import log_of
from tests.frontdoor import FACTS, Front
from tests.members import settings_of
from tests.unit.books import OPTIONS, RULES

DEARER = (replace(RULES[0], amount=RULES[0].amount + 10), *RULES[1:])
SPRING = {r.rule_id: replace(r, starts=None, ends=datetime(2999, 1, 1, tzinfo=UTC)) for r in RULES}


@pytest.fixture(scope="module", params=LOGS)
def door(request, tmp_path_factory):
    return Front(tmp_path_factory.mktemp("prices") / "home", log_of(request))


@pytest.fixture(scope="module")
def deployment(door):
    with Deployment(settings_of(door)) as deployment:
        yield deployment


@pytest.fixture(scope="module")
def front(deployment, door):
    """The command line of a deployment with two versions of a book, and an order under each."""
    front = door
    publish(deployment, [SPRING["spring"] if r.rule_id == "spring" else r for r in RULES])
    draft(front, "7")
    choose(front, "7", "fabric", "silk")
    choose(front, "7", "monogram", "serif", "--text", "A.B.", stage="packaging")
    front.ok("order", "quote", "7", "Q1", "--load", "0.85", "--lead-days", "30")
    front.ok("order", "place", "7", "Q1")
    publish(deployment, DEARER)
    draft(front, "9")
    return front


def publish(deployment, rules):
    def execute(name, actor, **arguments):
        command = Command(
            id=f"{name}-{datetime.now(UTC)}", source="/test", subject="catalogue/shop", name=name,
            arguments=arguments, time=datetime.now(UTC), actor=actor,
        )  # fmt: skip
        return deployment.commands.execute(command).events

    drafted = execute("draft", "ann", currency="EUR", products=("shirt", "scarf"), options=OPTIONS,
                      prices=tuple(rules))  # fmt: skip
    version = drafted[0].data.version
    execute("approve", "bob", version=version)
    execute("publish", "bob", version=version)


def draft(front, order):
    arguments = {"lines": [{"line_id": "L1", "product": "shirt", "quantity": 2}], "book": "shop"}
    front.ok("order", "tell", order, "draft", json.dumps(arguments))


def choose(front, order, option, value, *more, stage="pre_manufacture"):
    front.ok("order", "choose", order, "L1", option, value, "--stage", stage, *more)


def explain(front, quote, differs=False):
    run = front.run("explain", "quote", quote, "--json")
    assert run.returncode == differs, run.stderr
    return json.loads(run.stdout)


def verify(front, differs=False):
    run = front.run("verify", "prices", "--json")
    assert run.returncode == differs, run.stderr
    return json.loads(run.stdout)


def test_a_quote_is_explained_line_by_line(front):
    report = explain(front, "7/Q1")
    assert (report["identical"], report["engine"], report["total"]) == (
        True, CURRENT.VERSION, "236.05",
    )  # fmt: skip
    assert [(r["rule"], r["amount"], r["again"], r["same"]) for r in report["rows"]] == [
        ("shirt", "160.00", "160.00", True),
        ("silk", "39.98", "39.98", True),
        ("letters", "6.00", "6.00", True),
        ("spring", "-20.60", "-20.60", True),
        ("busy", "12.98", "12.98", True),
        ("vat", "37.69", "37.69", True),
    ]
    assert report["rows"][0]["words"] == "shirt, in words"
    assert "A.B." not in json.dumps(report)
    shown = front.ok("explain", "quote", "order/7/Q1")
    assert "shirt, in words" in shown
    assert f"236.05 EUR by {CURRENT.VERSION}: identical." in shown
    [audit] = [r for r in front.show("audit", "order/7") if r["type"] == "order.quote-issued.v1"]
    assert explain(front, audit["event_id"]) == report
    assert "no price was issued as 7/Q9" in front.refused("explain", "quote", "7/Q9")
    assert "name a quote as ORDER/QUOTE" in front.refused("explain", "quote", "Q1")


def test_an_order_keeps_its_version_of_the_book_and_a_new_order_gets_the_newest(front):
    [row] = front.show("prices", "7")
    assert row["sold"] == "236.05"
    draft(front, "8")
    front.ok("order", "quote", "8", "Q1", "--load", "0", "--lead-days", "30")
    assert {i["name"]: i["value"] for i in explain(front, "8/Q1")["inputs"]}["version"] == "2"
    change = {"change_id": "X1", "line_id": "L1", "option": "fabric", "value": "cotton",
              **FACTS, "stage": "pre_manufacture"}  # fmt: skip
    front.ok("order", "tell", "7", "request-change", json.dumps({"change": change}))
    front.ok("order", "tell", "7", "approve-change", '{"change_id": "X1"}')
    report = explain(front, "7/X1")
    assert report["identical"]
    assert {i["name"]: i["value"] for i in report["inputs"]}["version"] == "1"
    [row] = front.show("prices", "7")
    assert (row["sold"], row["changed"]) == ("236.05", "-45.82")


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (["--lead-days", "9"], "rule busy depends on the load of the plant"),
        (["--load", "0"], "rule hurry depends on the lead time"),
        (["--load", "0", "--lead-days", "9", "--currency", "USD"], "the book is in EUR"),
        (["--load", "0", "--lead-days", "9", "--line", "L1=3"], "priced by the book shop"),
        (["--load", "0", "--lead-days", "9", "--rate", "USD"], "write CURRENCY=RATE"),
        (["--load", "0", "--lead-days", "9", "--hours", "-1"], "has expired already"),
    ],
)
def test_a_quote_that_lacks_something_is_refused_with_the_reason(front, more, words):
    assert words in front.refused("order", "quote", "9", "Q1", *more)


def test_a_quote_that_expired_a_second_ago_is_not_placed(deployment, front):
    draft(front, "10")
    now = datetime.now(UTC)

    def execute(name, at, **arguments):
        deployment.commands.execute(
            Command(id=f"10-{name}", source="/test", subject="order/10", name=name, time=at,
                    arguments=arguments)
        )  # fmt: skip

    execute("quote", now, quote_id="Q1", load=0, lead_days=30, expires_at=now + timedelta(hours=1))
    with pytest.raises(Exception, match="quote Q1 expired at"):
        execute("place", now + timedelta(hours=1, seconds=1), quote_id="Q1")


def alter(deployment, old, new, type, stream):
    """Replaces text in stored events, as a superuser could; returns the number of events."""
    with psycopg.connect(deployment.url, autocommit=True) as admin:
        result = admin.execute(
            "UPDATE store.event SET data = convert_to(replace(convert_from(data, 'utf8'), %s, %s), "
            "'utf8') WHERE type = %s AND stream = %s AND position(%s in convert_from(data, 'utf8'))"
            " > 0",
            [old, new, type, stream, old],
        )
    return result.rowcount


QUOTE = ("order.quote-issued.v1", "order/7")
CHANGE = ("order.change-order-requested.v1", "order/7")
PRICES = ("catalogue.prices-drafted.v1", "catalogue/shop")


@pytest.mark.one_log("with Kafka, the log shows what was altered in the store alone")
@pytest.mark.parametrize("door", ["embedded"], indirect=True)
def test_every_price_is_verified_and_an_altered_cent_or_rule_is_reported(deployment, front):
    front.ok("order", "draft", "11", "--line", "L1=hat")
    front.ok("order", "quote", "11", "Q1", "--line", "L1=9.99", "--currency", "EUR")
    intact = verify(front)
    assert intact["rows"] == intact["books"] == []
    assert intact["quotes"] >= 3
    alterations = (
        ('"amount":"37.69"', '"amount":"37.70"', QUOTE),
        ('"delta_price":"-45.82"', '"delta_price":"-45.83"', CHANGE),
        ('"amount":"9.99"', '"amount":"9.98"', ("order.quote-issued.v1", "order/11")),
    )
    for old, new, where in alterations:
        assert alter(deployment, old, new, *where) == 1
    report = verify(front, differs=True)
    assert (report["quotes"], report["differing"], report["books"]) == (intact["quotes"], 3, [])
    assert {(r["order"], r["quote"], r["what"]) for r in report["rows"]} == {
        ("7", "Q1", "trace 6"), ("7", "X1", "delta_price"), ("11", "Q1", "total"),
    }  # fmt: skip
    [vat] = [r for r in explain(front, "7/Q1", differs=True)["rows"] if not r["same"]]
    assert (vat["rule"], vat["amount"], vat["again"]) == ("vat", "37.70", "37.69")
    for old, new, where in alterations:
        alter(deployment, new, old, *where)
    # A rule is a cent dearer: quotes by it differ, and the versions that have it are named.
    assert alter(deployment, '"amount":"19.99"', '"amount":"20.00"', *PRICES) == 2
    report = verify(front, differs=True)
    assert {(b["book"], b["version"]) for b in report["books"]} == {("shop", 1), ("shop", 2)}
    assert ("7", "Q1") in {(r["order"], r["quote"]) for r in report["rows"]}
    alter(deployment, '"amount":"20.00"', '"amount":"19.99"', *PRICES)
    # Prices are verified without a customer's key, so also after the customer was erased.
    with psycopg.connect(deployment.url, autocommit=True) as admin:
        admin.execute("UPDATE store.owner SET key = ''")
    assert verify(front) == intact
