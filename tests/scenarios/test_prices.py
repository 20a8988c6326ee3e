"""Prices by a book, through the front door: quoted, changed, explained, and verified."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from consumers.doors.commands import Command
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
    with Deployment(settings_of(door)) as opened:
        yield opened


@pytest.fixture(scope="module")
def front(deployment, door):
    """Two versions of a book, and orders under each."""
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
    def ask(name, actor, **arguments):
        [*done] = deployment.commands.execute(
            Command(id=f"{name}-{datetime.now(UTC)}", source="/test", subject="catalogue/shop",
                    name=name, arguments=arguments, time=datetime.now(UTC), actor=actor)
        ).events  # fmt: skip
        return done

    drafted = ask("draft", "ann", currency="EUR", products=("shirt", "scarf"), options=OPTIONS,
                  prices=tuple(rules))  # fmt: skip
    version = drafted[0].data.version
    ask("approve", "bob", version=version)
    ask("publish", "bob", version=version)


def draft(front, order):
    said = {"lines": [{"line_id": "L1", "product": "shirt", "quantity": 2}], "book": "shop"}
    front.ok("order", "tell", order, "draft", json.dumps(said))


def choose(front, order, option, value, *more, stage="pre_manufacture"):
    front.ok("order", "choose", order, "L1", option, value, "--stage", stage, *more)


def explained(front, quote, differs=False):
    done = front.run("explain", "quote", quote, "--json")
    assert done.returncode == differs, done.stderr
    return json.loads(done.stdout)


def verified(front, differs=False):
    done = front.run("verify", "prices", "--json")
    assert done.returncode == differs, done.stderr
    return json.loads(done.stdout)


def test_a_quote_is_explained_line_by_line(front):
    told = explained(front, "7/Q1")
    assert (told["identical"], told["engine"], told["total"]) == (True, "book.v1", "236.05")
    assert [(r["rule"], r["amount"], r["again"], r["same"]) for r in told["rows"]] == [
        ("shirt", "160.00", "160.00", True),
        ("silk", "39.98", "39.98", True),
        ("letters", "6.00", "6.00", True),
        ("spring", "-20.60", "-20.60", True),
        ("busy", "12.98", "12.98", True),
        ("vat", "37.69", "37.69", True),
    ]
    assert told["rows"][0]["words"] == "shirt, in words"
    assert "A.B." not in json.dumps(told)
    shown = front.ok("explain", "quote", "order/7/Q1")
    assert "shirt, in words" in shown
    assert "236.05 EUR by book.v1: identical." in shown
    [audit] = [r for r in front.show("audit", "order/7") if r["type"] == "order.quote-issued.v1"]
    assert explained(front, audit["event_id"]) == told
    assert "no price was issued as 7/Q9" in front.refused("explain", "quote", "7/Q9")
    assert "name a quote as ORDER/QUOTE" in front.refused("explain", "quote", "Q1")


def test_an_order_keeps_its_book_and_a_new_one_gets_the_new(front):
    [row] = front.show("prices", "7")
    assert row["sold"] == "236.05"
    draft(front, "8")
    front.ok("order", "quote", "8", "Q1", "--load", "0", "--lead-days", "30")
    assert {i["name"]: i["value"] for i in explained(front, "8/Q1")["inputs"]}["version"] == "2"
    change = {"change_id": "X1", "line_id": "L1", "option": "fabric", "value": "cotton",
              **FACTS, "stage": "pre_manufacture"}  # fmt: skip
    front.ok("order", "tell", "7", "request-change", json.dumps({"change": change}))
    front.ok("order", "tell", "7", "approve-change", '{"change_id": "X1"}')
    told = explained(front, "7/X1")
    assert told["identical"]
    assert {i["name"]: i["value"] for i in told["inputs"]}["version"] == "1"
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
def test_what_a_quote_lacks_is_a_sentence(front, more, words):
    assert words in front.refused("order", "quote", "9", "Q1", *more)


def test_a_quote_that_expired_a_second_ago_is_not_placed(deployment, front):
    draft(front, "10")
    now = datetime.now(UTC)

    def ask(name, at, **arguments):
        deployment.commands.execute(
            Command(id=f"10-{name}", source="/test", subject="order/10", name=name, time=at,
                    arguments=arguments)
        )  # fmt: skip

    ask("quote", now, quote_id="Q1", load=0, lead_days=30, expires_at=now + timedelta(hours=1))
    with pytest.raises(Exception, match="quote Q1 expired at"):
        ask("place", now + timedelta(hours=1, seconds=1), quote_id="Q1")


def altered(deployment, old, new, type, stream):
    """What a superuser can do to the stored bytes; returns how many events it was."""
    with psycopg.connect(deployment.url, autocommit=True) as admin:
        done = admin.execute(
            "UPDATE store.event SET data = convert_to(replace(convert_from(data, 'utf8'), %s, %s), "
            "'utf8') WHERE type = %s AND stream = %s AND position(%s in convert_from(data, 'utf8'))"
            " > 0",
            [old, new, type, stream, old],
        )
    return done.rowcount


QUOTE = ("order.quote-issued.v1", "order/7")
CHANGE = ("order.change-order-requested.v1", "order/7")
PRICES = ("catalogue.prices-drafted.v1", "catalogue/shop")


@pytest.mark.one_log("with Kafka, what was altered in the store alone is told by the log")
@pytest.mark.parametrize("door", ["embedded"], indirect=True)
def test_every_price_is_verified_and_a_cent_or_a_rule_that_was_changed_is_found(deployment, front):
    front.ok("order", "draft", "11", "--line", "L1=hat")
    front.ok("order", "quote", "11", "Q1", "--line", "L1=9.99", "--currency", "EUR")
    whole = verified(front)
    assert whole["rows"] == whole["books"] == []
    assert whole["quotes"] >= 3
    forged = (
        ('"amount":"37.69"', '"amount":"37.70"', QUOTE),
        ('"delta_price":"-45.82"', '"delta_price":"-45.83"', CHANGE),
        ('"amount":"9.99"', '"amount":"9.98"', ("order.quote-issued.v1", "order/11")),
    )
    for old, new, where in forged:
        assert altered(deployment, old, new, *where) == 1
    told = verified(front, differs=True)
    assert (told["quotes"], told["differing"], told["books"]) == (whole["quotes"], 3, [])
    assert {(r["order"], r["quote"], r["what"]) for r in told["rows"]} == {
        ("7", "Q1", "trace 6"), ("7", "X1", "delta_price"), ("11", "Q1", "total"),
    }  # fmt: skip
    [vat] = [r for r in explained(front, "7/Q1", differs=True)["rows"] if not r["same"]]
    assert (vat["rule"], vat["amount"], vat["again"]) == ("vat", "37.70", "37.69")
    for old, new, where in forged:
        altered(deployment, new, old, *where)
    # A rule of the first version, a cent dearer: its quotes differ, and the book itself is named.
    assert altered(deployment, '"amount":"19.99"', '"amount":"20.00"', *PRICES) == 2
    told = verified(front, differs=True)
    assert {(b["book"], b["version"]) for b in told["books"]} == {("shop", 1), ("shop", 2)}
    assert ("7", "Q1") in {(r["order"], r["quote"]) for r in told["rows"]}
    altered(deployment, '"amount":"20.00"', '"amount":"19.99"', *PRICES)
    # Nobody's key is asked for: so it is for a customer who was erased.
    with psycopg.connect(deployment.url, autocommit=True) as admin:
        admin.execute("UPDATE store.owner SET key = ''")
    assert verified(front) == whole
