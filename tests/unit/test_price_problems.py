"""What a book's price rules may get wrong, each with the words that its author is told."""

from __future__ import annotations

from datetime import timedelta

import pytest

from domain.pricing.price_problems import problems
from tests.unit.books import RULES, T0, book, rule, term

BASE = rule("base", "base", amount="10")


def said(*rules):
    return [(p.part, p.id, p.words) for p in problems(book(*rules))]


def test_a_sound_book_has_none():
    assert said() == []


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (rule("x", "option", term("colour"), amount="1"), "speaks of colour, which is no option"),
        (rule("x", "option", term("fabric", "wool"), amount="1"), "wool, which is no value of fab"),
        (rule("x", "option", term("product", "hat"), amount="1"), "hat, which is no product"),
        (rule("x", "parametric", per="height", amount="1"), "counts height, which is no option"),
        (rule("x", "parametric", per="fabric", amount="1"), "has neither a number nor a text"),
        (rule("x", "parametric", amount="1"), "counts something exactly if it is parametric"),
        (rule("x", "option", per="sleeve", amount="1"), "counts something exactly if"),
        (rule("x", "option"), "adds nothing"),
        (rule("x", "option", amount="1", share="0.1"), "make two rules of it"),
        (rule("x", "tax", share="-0.1"), "is a negative price"),
        (rule("x", "capacity", amount="-1", from_load="1"), "is a negative price"),
        (rule("x", "discount", share="0.1"), "a discount is negative, -0.1"),
        (rule("x", "discount", share="-1.01"), "takes off more than 100 %"),
        (rule("x", "tax", share="19"), "a share of 0.19 is 19 %"),
        (rule("x", "option", amount="1", cost="-1"), "has a negative cost"),
        (rule("x", "tax", share="0.1", currency="USD"), "a share has no currency"),
        (rule("x", "volume", share="-0.1"), "is a volume rule without from_quantity"),
        (rule("x", "time", share="-0.1"), "is a time rule without starts or ends"),
        (rule("x", "capacity", share="0.1"), "without from_load or within_days"),
        (rule("x", "time", share="-0.1", starts=T0, ends=T0), "ends before it starts"),
        (rule("instruction", "option", amount="1"), "has a name that traces use"),
        (rule("given", "option", amount="1"), "has a name that traces use"),
    ],
)
def test_a_rule_that_is_wrong(wrong, words):
    [(part, id, told)] = said(BASE, wrong)
    assert (part, id) == ("prices", wrong.rule_id)
    assert words in told


def test_a_base_price_is_a_plain_amount_and_a_line_has_one():
    silk = rule("silk", "base", term("product", "shirt"), term("fabric", "silk"), amount="90")
    assert [w for *_, w in said(*RULES, silk)] == [
        "speaks of the same lines as shirt: a line has one base price"
    ]
    cotton = rule("shirt", "base", term("product", "shirt"), term("fabric", "cotton"), amount="80")
    assert said(cotton, *RULES[1:], silk) == []
    negative = rule("x", "base", amount="-1")
    share = rule("x", "base", share="0.5")
    bound = rule("x", "base", amount="1", starts=T0)
    for wrong, words in (
        (negative, "a negative price"), (share, "a share of nothing"), (bound, "with a bound"),
    ):  # fmt: skip
        [(_, _, told)] = said(wrong)
        assert words in told


def test_two_rules_cannot_begin_at_the_same_bound():
    again = rule("again", "volume", from_quantity=5, share="-0.04")
    assert [(id, w) for _, id, w in said(*RULES, again)] == [
        ("again", "begins where from-5 does: only one of them can speak")
    ]
    later = rule("again", "volume", from_quantity=5, share="-0.04", starts=T0 + timedelta(days=99))
    assert said(*RULES, later) == []


def test_each_product_has_a_base_price():
    assert said(*RULES[:1]) == [("products", "scarf", "has no base price: add a base rule for it")]
