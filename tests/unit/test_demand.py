"""Unmet demand, against sums made by hand."""

from __future__ import annotations

from dataclasses import asdict
from decimal import Decimal

from domain.book.book import OrderLine
from domain.free_text.interpretation import Meaning
from domain.order import events as e
from domain.personal import ERASED
from tests.unit.log import CHOICE, figures, fold, said


def drafted(**pieces):
    lines = (OrderLine(line_id=x, product="burger", quantity=n) for x, n in pieces.items())
    return e.OrderDrafted(lines=tuple(lines))


def wish(id, line="L1", text="please"):
    return e.SpecialInstructionGiven(instruction_id=id, line_id=line, text=text, **CHOICE)


def read(id, currency="EUR", understood=None, unsure=False, **amounts):
    meanings = tuple(
        Meaning(operations=(operation,), amount=amount and Decimal(amount))
        for operation, amount in amounts.items()
    )
    return e.SpecialInstructionInterpreted(
        instruction_id=id, operations=tuple(amounts), confidence=0.5, by="clerk",
        meanings=meanings, currency=currency, understood=understood, unsure=unsure,
    )  # fmt: skip


def accepted(id):
    return e.SpecialInstructionAccepted(instruction_id=id)


def declined(id, cause=None):
    return e.SpecialInstructionDeclined(instruction_id=id, cause=cause)


def shop(**orders):
    return [said(f"order/{order}", data) for order, story in orders.items() for data in story]


SHOP = shop(
    a=(drafted(L1=2, L2=3), wish("I1"), read("I1", patty="2.50"), declined("I1", "sold-out"),
       wish("I2", None), read("I2", patty="1", bun="0.20"), declined("I2")),
    b=(drafted(L1=1), wish("I1"), read("I1", bun="0.40", patty="3"), accepted("I1"),
       wish("I2"), read("I2", currency=None, bun=None, gold=None), declined("I2", "sold-out")),
    c=(drafted(L1=1), wish("I1"), read("I1", bun="0.60", understood=0.5), accepted("I1"),
       wish("I2"), read("I2", understood=0.0), declined("I2"),
       wish("I3"), read("I3", unsure=True), wish("I4"),
       wish("I5"), read("I5", bun="1")),
    d=(drafted(L1=1), wish("I1"), e.OrderCancelled()),
)  # fmt: skip


def test_what_was_declined_is_counted_by_meaning_with_what_it_would_have_brought():
    made = figures("demand", SHOP)
    patty, bun, gold = sorted(made.unmet, key=lambda u: "patty bun gold".index(u.meaning))
    assert asdict(patty) == {
        "meaning": "patty", "declined": 2, "pieces": 7,
        "causes": {"sold-out": 1, "none named": 1}, "worth": {"EUR": Decimal("10.00")},
        "by_price": 2, "by_mean": 0, "unpriced": 0,
    }  # fmt: skip
    # 5 pieces at 0.20, and one at what 0.40 and 0.60 come to.
    assert (bun.worth, bun.by_price, bun.by_mean) == ({"EUR": Decimal("1.50")}, 1, 1)
    assert (gold.worth, gold.unpriced) == ({}, 1)
    assert made.worth == {"EUR": Decimal("11.50")}


def test_every_wish_is_counted_once():
    made = figures("demand", SHOP)
    assert (made.given, made.accepted, made.declined) == (10, 2, 4)
    assert (made.waiting, made.unanswered) == (2, 1)  # the tenth went with its order
    assert (made.not_understood, made.in_part, made.not_understood_share) == (2, 1, 0.2)


def test_the_mean_is_of_the_wishs_own_currency():
    story = shop(
        a=(drafted(L1=1), wish("I1"), read("I1", bun="1"), accepted("I1"),
           wish("I2"), read("I2", currency="GBP", bun=None), declined("I2")),
    )  # fmt: skip
    [bun] = figures("demand", story).unmet
    assert (bun.worth, bun.unpriced) == ({}, 1)


def test_an_order_waits_for_whoever_must_speak_next():
    rows = fold("demand", SHOP)
    assert {id: row.waits_for for id, row in rows.items()} == {
        "a": "nobody", "b": "nobody", "c": "person", "d": "nobody",
    }  # fmt: skip
    [answer] = fold("demand", shop(a=(drafted(L1=1), wish("I1"), read("I1", bun="1")))).values()
    assert answer.waits_for == "answer"


def test_what_was_said_without_prices_means_one_thing_an_operation():
    old = e.SpecialInstructionInterpreted(
        instruction_id="I1", operations=("bun", "patty"), confidence=1.0, by="clerk"
    )
    [row] = fold("demand", shop(a=(drafted(L1=1), wish("I1"), old))).values()
    assert [m.operations for m in row.wishes[0].meanings] == [("bun",), ("patty",)]


def test_texts_stand_beside_their_wishes_until_one_is_erased():
    story = (drafted(L1=1), wish("I1", text="no onions"), wish("I2", text="rare"))
    [row] = fold("demand", shop(a=story)).values()
    assert row.texts == ("no onions", "rare")
    [row] = fold("demand", shop(a=(*story, wish("I3", text=ERASED), wish("I4")))).values()
    assert (row.texts, len(row.wishes)) == (ERASED, 4)
