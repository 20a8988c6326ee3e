"""The figures of demand, against sums by hand."""

from __future__ import annotations

from dataclasses import asdict
from decimal import Decimal

from domain.book.book import OrderLine
from domain.free_text.interpretation import Meaning
from domain.order import events as e
from domain.personal import ERASED
from tests.unit.log import CHOICE, figures, fold, recorded


def drafted(**pieces):
    lines = (OrderLine(line_id=x, product="burger", quantity=n) for x, n in pieces.items())
    return e.OrderDrafted(lines=tuple(lines))


def instruct(id, line="L1", text="please"):
    return e.SpecialInstructionGiven(instruction_id=id, line_id=line, text=text, **CHOICE)


def interpret(id, currency="EUR", understood=None, unsure=False, **amounts):
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
    return [recorded(f"order/{order}", data) for order, events in orders.items() for data in events]


SHOP = shop(
    a=(drafted(L1=2, L2=3),
       instruct("I1"), interpret("I1", patty="2.50"), declined("I1", "sold-out"),
       instruct("I2", None), interpret("I2", patty="1", bun="0.20"), declined("I2")),
    b=(drafted(L1=1), instruct("I1"), interpret("I1", bun="0.40", patty="3"), accepted("I1"),
       instruct("I2"), interpret("I2", currency=None, bun=None, gold=None),
       declined("I2", "sold-out")),
    c=(drafted(L1=1), instruct("I1"), interpret("I1", bun="0.60", understood=0.5), accepted("I1"),
       instruct("I2"), interpret("I2", understood=0.0), declined("I2"),
       instruct("I3"), interpret("I3", unsure=True), instruct("I4"),
       instruct("I5"), interpret("I5", bun="1")),
    d=(drafted(L1=1), instruct("I1"), e.OrderCancelled()),
)  # fmt: skip


def test_declined_instructions_are_counted_by_meaning_with_their_worth():
    demand = figures("demand", SHOP)
    patty, bun, gold = sorted(demand.unmet, key=lambda u: "patty bun gold".index(u.meaning))
    assert asdict(patty) == {
        "meaning": "patty", "declined": 2, "pieces": 7,
        "causes": {"sold-out": 1, "none named": 1}, "worth": {"EUR": Decimal("10.00")},
        "by_price": 2, "by_mean": 0, "unpriced": 0,
    }  # fmt: skip
    # 5 pieces at 0.20, and one at 0.50, the mean of 0.40 and 0.60.
    assert (bun.worth, bun.by_price, bun.by_mean) == ({"EUR": Decimal("1.50")}, 1, 1)
    assert (gold.worth, gold.unpriced) == ({}, 1)
    assert demand.worth == {"EUR": Decimal("11.50")}


def test_every_instruction_is_counted_once():
    demand = figures("demand", SHOP)
    assert (demand.given, demand.accepted, demand.declined) == (10, 2, 4)
    assert (demand.waiting, demand.unanswered) == (2, 1)  # the tenth was cancelled with its order
    assert (demand.not_understood, demand.in_part, demand.not_understood_share) == (2, 1, 0.2)


def test_a_mean_price_is_of_the_currency_of_the_instruction():
    story = shop(
        a=(drafted(L1=1), instruct("I1"), interpret("I1", bun="1"), accepted("I1"),
           instruct("I2"), interpret("I2", currency="GBP", bun=None), declined("I2")),
    )  # fmt: skip
    [bun] = figures("demand", story).unmet
    assert (bun.worth, bun.unpriced) == ({}, 1)


def test_an_order_waits_for_a_person_or_for_an_answer():
    rows = fold("demand", SHOP)
    assert {id: row.waits_for for id, row in rows.items()} == {
        "a": "nobody", "b": "nobody", "c": "person", "d": "nobody",
    }  # fmt: skip
    [answer] = fold(
        "demand", shop(a=(drafted(L1=1), instruct("I1"), interpret("I1", bun="1")))
    ).values()
    assert answer.waits_for == "answer"


def test_an_interpretation_without_meanings_has_one_for_each_operation():
    old = e.SpecialInstructionInterpreted(
        instruction_id="I1", operations=("bun", "patty"), confidence=1.0, by="clerk"
    )
    [row] = fold("demand", shop(a=(drafted(L1=1), instruct("I1"), old))).values()
    assert [m.operations for m in row.instructions[0].meanings] == [("bun",), ("patty",)]


def test_a_row_has_the_texts_of_its_instructions_until_one_is_erased():
    events = (drafted(L1=1), instruct("I1", text="no onions"), instruct("I2", text="rare"))
    [row] = fold("demand", shop(a=events)).values()
    assert row.texts == ("no onions", "rare")
    [row] = fold("demand", shop(a=(*events, instruct("I3", text=ERASED), instruct("I4")))).values()
    assert (row.texts, len(row.instructions)) == (ERASED, 4)
