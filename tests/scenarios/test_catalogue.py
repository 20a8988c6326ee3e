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
    """A running deployment with the published book of a flower shop, and a customer."""
    front = Front(tmp_path_factory.mktemp("shop") / "home", log_of(request))
    with up(front) as door:
        assert "can be drafted" in front.ok("catalogue", "check", FLOWERS)
        assert "somebody else" in front.ok("catalogue", "draft", FLOWERS, "--actor", "ann").lower()
        book, first = "catalogues/flowers", {"version": 1}
        assert "ann drafted version 1" in detail(door.command(book, "approve", first, actor="ann"))
        assert "is not approved" in detail(door.command(book, "publish", first, actor="ann"))
        assert "say who approves it" in detail(door.command(book, "approve", first))
        approve_by_many_at_once(door)
        front.ok("catalogue", "publish", FLOWERS, "--actor", "ann")
        consent = {"purposes": ["fulfil"], "policy_version": "p"}
        assert door.command("customers/shop:ann", "grant-consent", consent).status_code == 201
        yield front, door


def approve_by_many_at_once(door):
    with ThreadPoolExecutor(8) as pool:
        pending = [
            pool.submit(
                door.command, "catalogues/flowers", "approve", {"version": 1}, actor=f"bob-{n}"
            )
            for n in range(8)
        ]
    answers = [future.result() for future in pending]
    assert sorted(a.status_code for a in answers) == [201] + [409] * 7
    details = {a.json()["detail"] for a in answers if a.status_code == 409}
    assert all("is already approved by bob-" in text for text in details)


def choose(door, path, option, value, **more):
    choice = {**CHOICE, "option": option, "value": value, "stage": STAGES[option], **more}
    return door.command(path, "choose", {"choice": choice})


def detail(answer, status=409):
    assert answer.status_code == status, answer.text
    return answer.json()["detail"]


def begin(door, path, name, **arguments):
    lines = [{"line_id": "L1", "product": "bouquet", "quantity": 1}]
    arguments = {"lines": lines, "book": "flowers", **arguments}
    answer = door.command(path, name, arguments, customer="shop:ann", actor="clerk")
    assert answer.status_code == 201, answer.text


def test_views_show_a_book_with_its_author_and_approver(shop):
    front, door = shop
    [row] = front.show("catalogues", "flowers")
    first = row["editions"][0]
    assert (first["version"], first["author"], first["options"]) == (1, "ann", 6)
    assert first["approver"].startswith("bob-")
    assert first["effective_from"]
    rows = front.show("audit", "catalogue/flowers")
    assert [r["type"] for r in rows][-2:] == [
        "catalogue.book-approved.v1", "catalogue.book-published.v1",
    ]  # fmt: skip
    assert {r["events"] for r in front.rows("lag")} == {0}
    assert door.client.get("/v1/log").json()["events"]


def test_what_the_book_does_not_offer_is_refused_with_what_it_offers(shop):
    _, door = shop
    begin(door, "orders/choosing", "draft")
    order = "orders/choosing"
    assert "no product bread" in detail(
        door.command("orders/bread", "draft", {
            "book": "flowers", "lines": [{"line_id": "L1", "product": "bread"}]})
    )  # fmt: skip
    assert "no version of the catalogue weeds" in detail(
        door.command("orders/weeds", "draft", {
            "book": "weeds", "lines": [{"line_id": "L1", "product": "bouquet"}]})
    )  # fmt: skip
    assert "offers no option vase for bouquet: it offers size, flowers" in detail(
        door.command(order, "choose", {"choice": {**CHOICE, "option": "vase", "value": "tall"}})
    )
    assert "gift has no value cat: it has bear, chocolates" in detail(
        choose(door, order, "gift", "cat")
    )
    assert "gift is chosen at the stage packaging" in detail(
        choose(door, order, "gift", "bear", stage="in_use")
    )
    wide = {"choice_space": "parametric"}
    for value in ("301", "49.9", "a lot", "NaN", "1e2"):
        assert "a number from 50 to 300 cm" in detail(choose(door, order, "ribbon", value, **wide))
    assert "has at most 200 characters" in detail(
        choose(door, order, "card", "gold", text="x" * 201)
    )
    assert "size takes no text" in detail(choose(door, order, "size", "small", text="x"))
    megabyte = choose(door, order, "card", "gold", text="x" * 1_000_000)
    assert megabyte.status_code == 422
    assert "at most 10000 characters" in megabyte.json()["detail"]
    assert choose(door, order, "ribbon", "99.5", **wide).status_code == 201


def test_a_choice_that_breaks_a_rule_is_refused_in_the_words_of_its_author(shop):
    front, door = shop
    begin(door, "orders/rules", "draft")
    order = "orders/rules"
    assert choose(door, order, "gift", "bear").status_code == 201
    refusal = detail(choose(door, order, "size", "small"))
    assert "The bear only sits in a large bouquet." in refusal
    assert "change size to large" in refusal
    assert "change gift to chocolates or clear gift" in refusal
    assert choose(door, order, "size", "large").status_code == 201
    expires = {"quote_id": "Q1", "expires_at": "2099-01-01T00:00:00Z"}
    assert door.command(order, "quote", expires).status_code == 201
    refusal = detail(door.command(order, "place", {"quote_id": "Q1"}))
    assert "A bouquet is of roses, tulips or mixed flowers." in refusal
    assert choose(door, order, "flowers", "roses").status_code == 201
    assert "has changed since quote Q1" in detail(door.command(order, "place", {"quote_id": "Q1"}))
    assert door.command(order, "quote", {**expires, "quote_id": "Q2"}).status_code == 201
    placed = door.command(order, "place", {"quote_id": "Q2"})
    [row] = door.rows("backlog", "rules", placed)
    # 25.00 + 12.00 large + 8.00 roses + 9.50 bear, and 19 % on it
    assert (row["status"], row["progress"]["total"]) == ("placed", "64.86")
    small = {**CHOICE, "change_id": "C1", "option": "size", "value": "small",
             "stage": "pre_manufacture"}  # fmt: skip
    assert "The bear only sits" in detail(door.command(order, "request-change", {"change": small}))
    assert choose(door, order, "gift", "chocolates").status_code == 409
    chocolates = {**small, "option": "gift", "value": "chocolates", "stage": "packaging"}
    requested = door.command(order, "request-change", {"change": chocolates})
    assert requested.status_code == 201, requested.text
    assert front.ok("explain", "quote", "rules/Q2")


def test_an_order_lists_the_inputs_that_it_needs(shop):
    front, door = shop
    begin(door, "orders/needs", "draft")
    assert choose(door, "orders/needs", "card", "gold", text="for Bo").status_code == 201
    answered = {**FACTS, "choice_space": "intake", "intake_id": "I1", "question_id": "address",
                "answer": "Rose Lane 1"}  # fmt: skip
    message = {
        "specversion": "1.0", "id": "a1", "source": "/test", "time": "2026-03-01T12:00:00Z",
        "type": "customer.intake-answered.v1", "subject": "customer/shop:ann", "data": answered,
    }  # fmt: skip
    assert door.publish(message, basis="fulfil").status_code == 201
    front.ok("show", "profile", "shop:ann")
    needs = {r["name"]: (r["given"], r["obtained"]) for r in front.rows("order", "needs", "needs")}
    assert needs["recipient"] == (False, "asked")
    assert needs["address"] == (True, "asked")


def test_an_order_drafted_from_a_design_does_not_change_with_it(shop):
    _, door = shop
    begin(door, "designs/d1", "start")
    for option, value in (("size", "large"), ("flowers", "tulips"), ("gift", "bear")):
        assert choose(door, "designs/d1", option, value).status_code == 201
    assert choose(door, "designs/d1", "card", "gold", text="for Bo").status_code == 201
    validated = door.command("designs/d1", "validate", {})
    [row] = door.rows("designs", "d1", validated)
    assert (row["validated"]["rules_version"], row["validated"]["valid"]) == (1, True)
    assert "the design belongs to a customer" in detail(
        door.command("orders/other", "draft", {"from_design": "d1"}), 422
    )
    assert (
        "no design d9" in door.command("orders/x", "draft", {"from_design": "d9"}).json()["detail"]
    )
    copied = door.command("orders/copy", "draft", {"from_design": "d1"}, customer="shop:ann")
    assert copied.status_code == 201, copied.text
    assert [e["data"].get("text") for e in copied.json()["events"]][-1] == "for Bo"
    changed = choose(door, "designs/d1", "size", "small")
    assert "The bear only sits" in detail(changed)
    cleared = door.command("designs/d1", "clear", {
        "choice": {**CHOICE, "option": "gift", "stage": "packaging"}})  # fmt: skip
    [design] = door.rows("designs", "d1", cleared)
    assert design["validated"] is None
    [order] = door.rows("backlog", "copy", cleared)
    assert {c["option"]: c["value"] for c in order["choices"]["options"]} == {
        "size": "large", "flowers": "tulips", "gift": "bear", "card": "gold",
    }  # fmt: skip
    assert order["choices"]["book"] == "flowers"


def test_a_later_version_replaces_the_book_and_a_withdrawal_lists_what_it_hits(shop, tmp_path):
    front, door = shop
    begin(door, "designs/d2", "start")
    for option, value in (("size", "large"), ("flowers", "mixed"), ("gift", "bear")):
        choose(door, "designs/d2", option, value)
    door.command("designs/d2", "validate", {})
    dearer = tmp_path / "flowers.yaml"
    dearer.write_text(FLOWERS.read_text().replace("amount: 25.00", "amount: 26.00"))
    rows = front.rows("catalogue", "diff", "flowers@1", dearer)
    assert rows == [{"part": "prices", "name": "bouquet.amount", "was": "25.00", "is": "26.00"}]
    front.ok("catalogue", "draft", dearer, "--actor", "bob")
    assert "Nothing was recorded" in front.ok("catalogue", "draft", dearer, "--actor", "bob")
    book, second = "catalogues/flowers", {"version": 2}
    past, late = ({"effective_from": f"{year}-01-01T00:00:00Z"} for year in (2020, 2099))
    assert door.command(book, "approve", second, actor="ann").status_code == 201
    assert "cannot become effective in the past" in detail(
        door.command(book, "publish", second | past, actor="ann")
    )
    front.ok("catalogue", "publish", "flowers@2", "--actor", "ann")
    assert "never changes: draft another one" in detail(
        door.command(book, "publish", second | late, actor="ann")
    )
    assert "there is no version 3" in detail(
        door.command(book, "approve", {"version": 3}, actor="bob")
    )
    figures = json.loads(front.ok("show", "designs", "--json"))["figures"]
    assert {"design_id": "d2", "book": "flowers", "validated": 1, "current": 2} in figures[
        "to_validate"
    ]
    report = json.loads(
        front.ok("catalogue", "withdraw", "flowers", "gift", "--value", "bear", "--actor", "ann",
                 "--json")
    )  # fmt: skip
    hit = {(r["subject"], r["option"], r["value"]) for r in report["rows"]}
    assert ("design/d2", "gift", "bear") in hit
    begin(door, "orders/late", "draft")
    assert "gift bear is withdrawn" in detail(choose(door, "orders/late", "gift", "bear"))
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
def test_a_file_with_an_impossible_rule_is_refused_with_its_line(tmp_path, wrong):
    file = tmp_path / "bad.yaml"
    file.write_text(HEAD + WRONG[wrong])
    front = Front(tmp_path / "home")
    run = front.run("catalogue", "check", file, "--json")
    assert run.returncode == 1
    faults = json.loads(run.stdout)["faults"]
    assert faults, wrong
    assert all(fault["line"] >= 10 for fault in faults)
    assert f"{file}:{faults[0]['line']}: " in front.refused(
        "catalogue", "draft", file, "--actor", "ann"
    )
