"""Problems of the constraints of a book, each with its message to the author."""

from __future__ import annotations

import pytest

from domain.book.book import PRODUCT, Range, Term
from domain.configuration.constraint_problems import impossible_products, problems
from tests.unit.worlds import book, rule, span


def term(option: str, *values: str) -> Term:
    return Term(option=option, values=values)


def problems_of(*rules) -> list[tuple[str, str, str]]:
    return [(p.part, p.id, p.message) for p in problems(book(*rules))]


def default(option: str, value: str, *when: Term):
    return rule("default", [term(option, value)], when)


OAK, ASH, HIDE = term("wood", "oak"), term("wood", "ash"), term("seat", "hide")
INCHES = Range(minimum=span(0, 1).minimum, maximum=span(0, 1).maximum, unit="inch")


def test_sound_constraints_have_no_problems() -> None:
    assert problems_of(
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
    ("wrong", "part_of_message"),
    [
        (rule("requires", [term("colour")]), "mentions colour, which is not an option"),
        (rule("excludes", [OAK], (term("seat", "silk"),)), "silk, which is not a value of seat"),
        (rule("requires", [term(PRODUCT, "stool")]), "stool, which is not a value of product"),
        (rule("excludes", [term("width", "9")]), "9, which is not a number in the range of width"),
        (rule("excludes", [term("width", "wide")]), "wide, which is not a number"),
        (rule("requires", []), "has no terms in `then`"),
        (rule("cardinality", [OAK, HIDE], at_least=3), "needs 3 of 2 terms"),
        (rule("cardinality", [OAK, HIDE], at_least=2, at_most=1), "at least 2 and at most 1 terms"),
        (rule("cardinality", [OAK, HIDE]), "has no bound"),
        (rule("range", [term("width")]), "and a `range`"),
        (rule("range", [OAK], range=span(0, 1)), "must have one parametric option"),
        (rule("range", [term("width")], range=span(2, 1)), "has an empty range"),
        (rule("range", [term("width")], range=span(4, 5)), "does not overlap the range of"),
        (rule("range", [term("width")], range=INCHES), "is in inch, but the option is in cm"),
        (rule("default", [term("wood")]), "must have one option with one value"),
        (rule("default", [OAK, HIDE]), "must have one option with one value"),
        (rule("stage", [term("wood")]), "allows no stage"),
        (rule("stage", [term(PRODUCT)], stages=("in_use",)), "has the product in `then`"),
    ],
)
def test_a_rule_without_a_meaning_is_a_problem(wrong, part_of_message: str) -> None:
    [(part, id, message)] = problems_of(wrong)
    assert (part, id) == ("constraints", "R0")
    assert part_of_message in message


def test_defaults_in_a_circle_are_a_problem() -> None:
    circle = [default("seat", "hide", OAK), default("wood", "oak", term("back")),
              default("back", "low", HIDE)]  # fmt: skip
    [(_, id, message)] = problems_of(*circle)
    assert id in ("R0", "R1", "R2")
    assert all(rule in message for rule in ("R0", "R1", "R2"))
    assert "set each other off in a circle" in message
    assert problems_of(circle[0], default("wood", "ash", HIDE)) == []  # ash triggers nothing


def test_defaults_that_apply_at_once_contradict_each_other() -> None:
    both = default("seat", "hide", OAK), default("seat", "felt", term("back"))
    assert problems_of(*both) == [
        (
            "constraints",
            "R1",
            "gives seat another value than R0, and both can apply: "
            "make their `when` exclude each other",
        )
    ]
    assert problems_of(*both, rule("excludes", [term("back")], (OAK,))) == []


def test_a_default_that_other_rules_always_forbid_is_a_problem() -> None:
    [(_, id, message)] = problems_of(default("seat", "hide", OAK), rule("excludes", [HIDE], (OAK,)))
    assert id == "R0"
    assert message.startswith("can never apply: correct one of the constraints ")


def test_a_product_that_cannot_be_made_is_a_problem_with_the_rules_in_conflict() -> None:
    table = (term(PRODUCT, "table"),)
    rules = (rule("requires", [OAK], table), rule("requires", [HIDE]),
             rule("excludes", [HIDE], (OAK,)))  # fmt: skip
    assert problems_of(*rules) == [
        ("products", "table", "cannot be made: correct one of the constraints R0, R1, R2")
    ]
    assert impossible_products(book(*rules[1:])) == []


def test_options_and_values_that_can_never_be_chosen_are_problems() -> None:
    assert problems_of(rule("excludes", [ASH])) == [
        ("options", "wood", "can never be ash: correct one of the constraints R0")
    ]
    late = rule("stage", [term("width")], stages=("pre_manufacture",))  # chosen at packaging
    assert problems_of(late, rule("range", [term("width")], range=span(0, 1))) == [
        ("options", "width", "can never be chosen: correct one of the constraints R0")
    ]
