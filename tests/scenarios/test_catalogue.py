"""A catalogue from its file to the order that is chosen from it, on both logs."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.both_logs import LOGS
from tests.conftest import log_of
from tests.frontdoor import FACTS, Front
from tests.httpdoor import up

FLOWERS = Path(__file__).parents[2] / "infra/imports/catalogues/flowers.yaml"
CHOICE = {**FACTS, "line_id": "L1"}
STAGES = {"size": "pre_manufacture", "flowers": "pre_manufacture", "gift": "packaging",
          "card": "packaging", "ribbon": "packaging"}  # fmt: skip


@pytest.fixture(scope="module", params=LOGS)
def shop(request, tmp_path_factory):
    """A deployment with a published flower shop, and a customer who may be served."""
    front = Front(tmp_path_factory.mktemp("shop") / "home", log_of(request))
    with up(front) as door:
        assert "can be drafted" in front.ok("catalogue", "check", FLOWERS)
        assert "somebody else" in front.ok("catalogue", "draft", FLOWERS, "--actor", "ann").lower()
        book, first = "catalogues/flowers", {"version": 1}
        assert "ann drafted version 1" in words(door.command(book, "approve", first, actor="ann"))
        assert "is not approved" in words(door.command(book, "publish", first, actor="ann"))
        assert "say who approves it" in words(door.command(book, "approve", first))
        two_approve_at_once(door)
        front.ok("catalogue", "publish", FLOWERS, "--actor", "ann")
        consent = {"purposes": ["fulfil"], "policy_version": "p"}
        assert door.command("customers/shop:ann", "grant-consent", consent).status_code == 201
        yield front, door


def two_approve_at_once(door):
    with ThreadPoolExecutor(8) as pool:
        said = [
            pool.submit(
                door.command, "catalogues/flowers", "approve", {"version": 1}, actor=f"bob-{n}"
            )
            for n in range(8)
        ]
    answers = [s.result() for s in said]
    assert sorted(a.status_code for a in answers) == [201] + [409] * 7
    told = {a.json()["detail"] for a in answers if a.status_code == 409}
    assert all("was approved by bob-" in words for words in told)


def choose(door, about, option, value, **more):
    choice = {**CHOICE, "option": option, "value": value, "stage": STAGES[option], **more}
    return door.command(about, "choose", {"choice": choice})


def words(answer, status=409):
    assert answer.status_code == status, answer.text
    return answer.json()["detail"]


def begun(door, about, name, **arguments):
    lines = [{"line_id": "L1", "product": "bouquet", "quantity": 1}]
    said = {"lines": lines, "book": "flowers", **arguments}
    answer = door.command(about, name, said, customer="shop:ann", actor="clerk")
    assert answer.status_code == 201, answer.text


def test_a_book_stands_in_the_views_with_who_made_it(shop):
    front, door = shop
    [row] = [r for r in front.show("catalogues", "flowers")]
    first = row["editions"][0]
    assert (first["version"], first["author"], first["options"]) == (1, "ann", 6)
    assert first["approver"].startswith("bob-")
    assert first["effective_from"]
    told = json.loads(front.ok("show", "audit", "catalogue/flowers", "--json"))["rows"]
    assert [r["type"] for r in told][-2:] == [
        "catalogue.book-approved.v1", "catalogue.book-published.v1",
    ]  # fmt: skip
    assert {r["events"] for r in front.rows("lag")} == {0}
    assert door.client.get("/v1/log").json()["events"]


def test_what_the_book_does_not_offer_is_refused_with_the_way_out(shop):
    _, door = shop
    begun(door, "orders/choosing", "draft")
    about = "orders/choosing"
    assert "no product bread" in words(
        door.command("orders/bread", "draft", {
            "book": "flowers", "lines": [{"line_id": "L1", "product": "bread"}]})
    )  # fmt: skip
    assert "no version of the catalogue weeds" in words(
        door.command("orders/weeds", "draft", {
            "book": "weeds", "lines": [{"line_id": "L1", "product": "bouquet"}]})
    )  # fmt: skip
    assert "offers no option vase for bouquet: it offers size, flowers" in words(
        door.command(about, "choose", {"choice": {**CHOICE, "option": "vase", "value": "tall"}})
    )
    assert "gift has no value cat: it has bear, chocolates" in words(
        choose(door, about, "gift", "cat")
    )
    assert "gift is chosen at the stage packaging" in words(
        choose(door, about, "gift", "bear", stage="in_use")
    )
    wide = {"choice_space": "parametric"}
    for value in ("301", "49.9", "a lot", "NaN", "1e2"):
        assert "a number from 50 to 300 cm" in words(choose(door, about, "ribbon", value, **wide))
    assert "has at most 200 characters" in words(
        choose(door, about, "card", "gold", text="x" * 201)
    )
    assert "size carries no text" in words(choose(door, about, "size", "small", text="x"))
    megabyte = choose(door, about, "card", "gold", text="x" * 1_000_000)
    assert megabyte.status_code == 422
    assert "at most 10000 characters" in megabyte.json()["detail"]
    assert choose(door, about, "ribbon", "99.5", **wide).status_code == 201


def test_a_choice_that_breaks_a_rule_is_told_in_the_words_of_its_author(shop):
    front, door = shop
    begun(door, "orders/rules", "draft")
    about = "orders/rules"
    assert choose(door, about, "gift", "bear").status_code == 201
    told = words(choose(door, about, "size", "small"))
    assert "The bear only sits in a large bouquet." in told
    assert "change size to large" in told
    assert "change gift to chocolates or clear gift" in told
    assert choose(door, about, "size", "large").status_code == 201
    expires = {"quote_id": "Q1", "expires_at": "2099-01-01T00:00:00Z"}
    assert door.command(about, "quote", expires).status_code == 201
    told = words(door.command(about, "place", {"quote_id": "Q1"}))
    assert "A bouquet is of roses, tulips or mixed flowers." in told
    assert choose(door, about, "flowers", "roses").status_code == 201
    assert "has changed since quote Q1" in words(door.command(about, "place", {"quote_id": "Q1"}))
    assert door.command(about, "quote", {**expires, "quote_id": "Q2"}).status_code == 201
    placed = door.command(about, "place", {"quote_id": "Q2"})
    [row] = door.rows("backlog", "rules", placed)
    # 25.00 + 12.00 large + 8.00 roses + 9.50 bear, and 19 % on it
    assert (row["status"], row["progress"]["total"]) == ("placed", "64.86")
    small = {**CHOICE, "change_id": "C1", "option": "size", "value": "small",
             "stage": "pre_manufacture"}  # fmt: skip
    assert "The bear only sits" in words(door.command(about, "request-change", {"change": small}))
    assert choose(door, about, "gift", "chocolates").status_code == 409
    chocolates = {**small, "option": "gift", "value": "chocolates", "stage": "packaging"}
    asked = door.command(about, "request-change", {"change": chocolates})
    assert asked.status_code == 201, asked.text
    assert front.ok("explain", "quote", "rules/Q2")


def test_an_order_says_what_it_needs_to_be_known(shop):
    front, door = shop
    begun(door, "orders/needs", "draft")
    assert choose(door, "orders/needs", "card", "gold", text="for Bo").status_code == 201
    answered = {**FACTS, "choice_space": "intake", "intake_id": "I1", "question_id": "address",
                "answer": "Rose Lane 1"}  # fmt: skip
    message = {
        "specversion": "1.0", "id": "a1", "source": "/test", "time": "2026-03-01T12:00:00Z",
        "type": "customer.intake-answered.v1", "subject": "customer/shop:ann", "data": answered,
    }  # fmt: skip
    assert door.publish(message, basis="fulfil").status_code == 201
    front.ok("show", "profile", "shop:ann")
    told = {r["name"]: (r["given"], r["obtained"]) for r in front.rows("order", "needs", "needs")}
    assert told["recipient"] == (False, "asked")
    assert told["address"] == (True, "asked")


def test_a_design_is_copied_and_then_only_the_order_changes(shop):
    _, door = shop
    begun(door, "designs/d1", "start")
    for option, value in (("size", "large"), ("flowers", "tulips"), ("gift", "bear")):
        assert choose(door, "designs/d1", option, value).status_code == 201
    assert choose(door, "designs/d1", "card", "gold", text="for Bo").status_code == 201
    validated = door.command("designs/d1", "validate", {})
    [row] = door.rows("designs", "d1", validated)
    assert (row["validated"]["rules_version"], row["validated"]["valid"]) == (1, True)
    assert "the design is a customer's" in words(
        door.command("orders/other", "draft", {"from_design": "d1"}), 422
    )
    assert (
        "no design d9" in door.command("orders/x", "draft", {"from_design": "d9"}).json()["detail"]
    )
    copied = door.command("orders/copy", "draft", {"from_design": "d1"}, customer="shop:ann")
    assert copied.status_code == 201, copied.text
    assert [e["data"].get("text") for e in copied.json()["events"]][-1] == "for Bo"
    changed = choose(door, "designs/d1", "size", "small")
    assert "The bear only sits" in words(changed)
    cleared = door.command("designs/d1", "clear", {
        "choice": {**CHOICE, "option": "gift", "stage": "packaging"}})  # fmt: skip
    [design] = door.rows("designs", "d1", cleared)
    assert design["validated"] is None
    [order] = door.rows("backlog", "copy", cleared)
    assert {c["option"]: c["value"] for c in order["choices"]["options"]} == {
        "size": "large", "flowers": "tulips", "gift": "bear", "card": "gold",
    }  # fmt: skip
    assert order["choices"]["book"] == "flowers"


def test_a_later_version_supersedes_and_what_is_withdrawn_lists_whom_it_hits(shop, tmp_path):
    front, door = shop
    begun(door, "designs/d2", "start")
    for option, value in (("size", "large"), ("flowers", "mixed"), ("gift", "bear")):
        choose(door, "designs/d2", option, value)
    door.command("designs/d2", "validate", {})
    dearer = tmp_path / "flowers.yaml"
    dearer.write_text(FLOWERS.read_text().replace("amount: 25.00", "amount: 26.00"))
    rows = front.rows("catalogue", "diff", "flowers@1", dearer)
    assert rows == [{"part": "prices", "name": "bouquet.amount", "was": "25.00", "is": "26.00"}]
    front.ok("catalogue", "draft", dearer, "--actor", "bob")
    assert "nothing was recorded" in front.ok("catalogue", "draft", dearer, "--actor", "bob")
    book, second = "catalogues/flowers", {"version": 2}
    past, late = ({"effective_from": f"{year}-01-01T00:00:00Z"} for year in (2020, 2099))
    assert door.command(book, "approve", second, actor="ann").status_code == 201
    assert "cannot begin in the past" in words(
        door.command(book, "publish", second | past, actor="ann")
    )
    front.ok("catalogue", "publish", "flowers@2", "--actor", "ann")
    assert "never changes: draft another one" in words(
        door.command(book, "publish", second | late, actor="ann")
    )
    assert "there is no version 3" in words(
        door.command(book, "approve", {"version": 3}, actor="bob")
    )
    figures = json.loads(front.ok("show", "designs", "--json"))["figures"]
    assert {"design_id": "d2", "book": "flowers", "validated": 1, "current": 2} in figures[
        "to_validate"
    ]
    told = json.loads(
        front.ok("catalogue", "withdraw", "flowers", "gift", "--value", "bear", "--actor", "ann",
                 "--json")
    )  # fmt: skip
    hit = {(r["subject"], r["option"], r["value"]) for r in told["rows"]}
    assert ("design/d2", "gift", "bear") in hit
    begun(door, "orders/late", "draft")
    assert "gift bear is withdrawn" in words(choose(door, "orders/late", "gift", "bear"))
    assert choose(door, "orders/late", "gift", "chocolates").status_code == 201


WRONG = {
    "a cycle": (
        "constraints:\n"
        "  - {rule_id: one, words: a brings b, kind: default, when: [{option: a, values: [x]}],\n"
        "     then: [{option: b, values: [x]}]}\n"
        "  - {rule_id: two, words: b brings a, kind: default, when: [{option: b, values: [x]}],\n"
        "     then: [{option: a, values: [x]}]}\n"
    ),
    "unknown": (
        "constraints:\n"
        "  - {rule_id: one, words: w, kind: requires, then: [{option: zebra}]}\n"
    ),
}  # fmt: skip
HEAD = """book: bad
currency: EUR
products: [p]
prices:
  - {rule_id: p, words: P, step: base, amount: 1}
options:
  - {option: a, label: A, stage: packaging, values: [x, y]}
  - {option: b, label: B, stage: packaging, values: [x, y]}
"""


@pytest.mark.one_log("no deployment is opened")
@pytest.mark.parametrize("wrong", WRONG)
def test_a_file_that_cannot_be_meant_is_refused_with_its_line(tmp_path, wrong):
    file = tmp_path / "bad.yaml"
    file.write_text(HEAD + WRONG[wrong])
    front = Front(tmp_path / "home")
    done = front.run("catalogue", "check", file, "--json")
    assert done.returncode == 1
    faults = json.loads(done.stdout)["faults"]
    assert faults, wrong
    assert all(fault["line"] >= 10 for fault in faults)
    assert f"{file}:{faults[0]['line']}: " in front.refused(
        "catalogue", "draft", file, "--actor", "ann"
    )
