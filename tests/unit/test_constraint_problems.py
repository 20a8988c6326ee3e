"""What a book's constraints may get wrong, each with the words that its author is told."""

from __future__ import annotations

import pytest

from domain.book.book import PRODUCT, Range, Term
from domain.configuration.constraint_problems import consistent, problems
from tests.unit.worlds import book, rule, span


def term(option: str, *values: str) -> Term:
    return Term(option=option, values=values)


def said(*rules) -> list[tuple[str, str, str]]:
    return [(p.part, p.id, p.words) for p in problems(book(*rules))]


def default(option: str, value: str, *when: Term):
    return rule("default", [term(option, value)], when)


OAK, ASH, HIDE = term("wood", "oak"), term("wood", "ash"), term("seat", "hide")
INCHES = Range(minimum=span(0, 1).minimum, maximum=span(0, 1).maximum, unit="inch")


def test_rules_that_can_be_meant_have_none() -> None:
    assert said(
        rule("requires", [HIDE], (OAK,)),
        rule("requires", [OAK], (HIDE,)),  # together or not at all
        rule("range", [term("width")], (OAK,), range=span(1, 2)),
        rule("cardinality", [OAK, HIDE, term("width", "2.5")], at_most=2),
        rule("stage", [term("back")], stages=("pre_manufacture",)),
        default("seat", "hide", OAK),
        default("seat", "felt", ASH),
        default("wood", "ash", term(PRODUCT, "table")),
    ) == []  # fmt: skip


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (rule("requires", [term("colour")]), "speaks of colour, which is no option"),
        (rule("excludes", [OAK], (term("seat", "silk"),)), "silk, which is no value of seat"),
        (rule("requires", [term(PRODUCT, "stool")]), "stool, which is no value of product"),
        (rule("excludes", [term("width", "9")]), "9, which is no number in the range of width"),
        (rule("excludes", [term("width", "wide")]), "wide, which is no number"),
        (rule("requires", []), "speaks of nothing"),
        (rule("cardinality", [OAK, HIDE], at_least=3), "wants 3 of 2 terms"),
        (rule("cardinality", [OAK, HIDE], at_least=2, at_most=1), "nothing is both"),
        (rule("cardinality", [OAK, HIDE]), "bounds nothing"),
        (rule("range", [term("width")]), "names its `range`"),
        (rule("range", [OAK], range=span(0, 1)), "is over one parametric option"),
        (rule("range", [term("width")], range=span(2, 1)), "has an empty range"),
        (rule("range", [term("width")], range=span(4, 5)), "nothing of the option's own range"),
        (rule("range", [term("width")], range=INCHES), "is in inch, and the option in cm"),
        (rule("default", [term("wood")]), "gives one option one value"),
        (rule("default", [OAK, HIDE]), "gives one option one value"),
        (rule("stage", [term("wood")]), "leaves no stage"),
        (rule("stage", [term(PRODUCT)], stages=("in_use",)), "binds the product to a stage"),
    ],
)
def test_a_rule_that_cannot_be_meant_is_named(wrong, words: str) -> None:
    [(part, id, told)] = said(wrong)
    assert (part, id) == ("constraints", "R0")
    assert words in told


def test_defaults_that_lead_back_to_themselves_are_named() -> None:
    circle = [default("seat", "hide", OAK), default("wood", "oak", term("back")),
              default("back", "low", HIDE)]  # fmt: skip
    [(_, id, words)] = said(*circle)
    assert (id, words.count("R")) in {("R0", 2), ("R1", 2), ("R2", 2)}
    assert "leads back to itself by way of" in words
    assert said(circle[0], default("wood", "ash", HIDE)) == []  # sets off nothing


def test_defaults_that_apply_at_once_contradict_each_other() -> None:
    both = default("seat", "hide", OAK), default("seat", "felt", term("back"))
    assert said(*both) == [
        ("constraints", "R1", "contradicts R0: both can apply at once, let one of them")
    ]
    assert said(*both, rule("excludes", [term("back")], (OAK,))) == []


def test_a_default_that_is_always_in_conflict_is_named() -> None:
    never = default("seat", "hide", OAK), rule("excludes", [HIDE], (OAK,))
    assert [(id, words[:21]) for _, id, words in said(*never)] == [("R0", "can never be taken: o")]


def test_a_product_that_cannot_be_made_is_named_with_the_rules() -> None:
    table = (term(PRODUCT, "table"),)
    rules = (rule("requires", [OAK], table), rule("requires", [HIDE]),
             rule("excludes", [HIDE], (OAK,)))  # fmt: skip
    assert said(*rules) == [
        ("products", "table", "cannot be made: mend one of the constraints R0, R1, R2")
    ]
    assert consistent(book(*rules[1:])) == []


def test_options_and_values_that_nobody_can_choose_are_named() -> None:
    assert said(rule("excludes", [ASH])) == [
        ("options", "wood", "can never be ash: mend one of the constraints R0")
    ]
    late = rule("stage", [term("width")], stages=("pre_manufacture",))  # chosen at packaging
    assert said(late, rule("range", [term("width")], range=span(0, 1))) == [
        ("options", "width", "can never be chosen: mend one of the constraints R0")
    ]
