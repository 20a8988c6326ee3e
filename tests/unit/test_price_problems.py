"""Problems of the price rules of a book, each with its message to the author."""

from __future__ import annotations

from datetime import timedelta

import pytest

from domain.pricing.price_problems import problems
from tests.unit.books import RULES, T0, book, rule, term

BASE = rule("base", "base", amount="10")


def problems_of(*rules):
    return [(p.part, p.id, p.message) for p in problems(book(*rules))]


def test_a_sound_book_has_no_problems():
    assert problems_of() == []


@pytest.mark.parametrize(
    ("wrong", "part_of_message"),
    [
        (
            rule("x", "option", term("colour"), amount="1"),
            "mentions colour, which is not an option",
        ),
        (
            rule("x", "option", term("fabric", "wool"), amount="1"),
            "wool, which is not a value of",
        ),
        (rule("x", "option", term("product", "hat"), amount="1"), "hat, which is not a product"),
        (
            rule("x", "parametric", per="height", amount="1"),
            "counts height, which is not an option",
        ),
        (rule("x", "parametric", per="fabric", amount="1"), "has neither a number nor a text"),
        (rule("x", "parametric", amount="1"), "must have `per` if it is parametric"),
        (rule("x", "option", per="sleeve", amount="1"), "must have `per` if it is parametric"),
        (rule("x", "option"), "has neither an amount nor a share"),
        (rule("x", "option", amount="1", share="0.1"), "make two rules of it"),
        (rule("x", "tax", share="-0.1"), "is negative, which a tax rule must not be"),
        (rule("x", "capacity", amount="-1", from_load="1"), "is negative, which a capacity rule"),
        (rule("x", "discount", share="0.1"), "a discount is negative, -0.1"),
        (rule("x", "discount", share="-1.01"), "takes off more than 100 %"),
        (rule("x", "tax", share="19"), "a share of 0.19 is 19 %"),
        (rule("x", "option", amount="1", cost="-1"), "has a negative `cost`"),
        (rule("x", "tax", share="0.1", currency="USD"), "a share has no currency"),
        (rule("x", "volume", share="-0.1"), "is a volume rule without from_quantity"),
        (rule("x", "time", share="-0.1"), "is a time rule without starts or ends"),
        (rule("x", "capacity", share="0.1"), "without from_load or within_days"),
        (rule("x", "time", share="-0.1", starts=T0, ends=T0), "ends before it starts"),
        (rule("instruction", "option", amount="1"), "has an id that traces use"),
        (rule("given", "option", amount="1"), "has an id that traces use"),
    ],
)
def test_a_wrong_rule_is_a_problem(wrong, part_of_message):
    [(part, id, message)] = problems_of(BASE, wrong)
    assert (part, id) == ("prices", wrong.rule_id)
    assert part_of_message in message


def test_a_line_has_one_base_price():
    silk = rule("silk", "base", term("product", "shirt"), term("fabric", "silk"), amount="90")
    assert [message for *_, message in problems_of(*RULES, silk)] == [
        "applies to the same lines as shirt: a line has one base price"
    ]
    cotton = rule("shirt", "base", term("product", "shirt"), term("fabric", "cotton"), amount="80")
    assert problems_of(cotton, *RULES[1:], silk) == []


@pytest.mark.parametrize(
    ("wrong", "part_of_message"),
    [
        (rule("x", "base", amount="-1"), "is negative"),
        (rule("x", "base", share="0.5"), "a share of nothing"),
        (rule("x", "base", amount="1", starts=T0), "with a bound"),
    ],
)
def test_a_base_price_is_a_positive_amount_without_bounds(wrong, part_of_message):
    [(_, _, message)] = problems_of(wrong)
    assert part_of_message in message


def test_two_rules_of_the_same_tier_are_a_problem():
    second = rule("second", "volume", from_quantity=5, share="-0.04")
    assert [(id, message) for _, id, message in problems_of(*RULES, second)] == [
        ("second", "has the same bound as from-5: only one of them can apply")
    ]
    later = rule("later", "volume", from_quantity=5, share="-0.04", starts=T0 + timedelta(days=99))
    assert problems_of(*RULES, later) == []


def test_a_product_without_a_base_price_is_a_problem():
    assert problems_of(*RULES[:1]) == [
        ("products", "scarf", "has no base price: add a base rule for it")
    ]
