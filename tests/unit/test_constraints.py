"""Answers about lines of small books, compared with all their configurations, one by one."""

from __future__ import annotations

import itertools
from collections import Counter
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings

from domain.book.book import Book, Option, Selection, Term
from domain.configuration.constraints import (
    Verdict,
    check,
    implied_values,
    possible_values,
    with_defaults,
)
from domain.configuration.minimal_sets import EXTRA_ITEMS
from domain.errors import NotAllowed
from tests.unit.worlds import DOMAINS, NUMBERS, Worlds, book, line, questions, rule, span, without


def values(option: str, labels: tuple[str, ...]) -> set[str]:
    """The values that labels like "over 1 to under 3 cm" stand for."""
    if option != "width":
        return set(labels)
    numbers: set[str] = set()
    for label in labels:
        low, _, high = label.removesuffix(" cm").partition(" to ")
        least, most = low.removeprefix("over "), (high or low).removeprefix("under ")
        within = [n for n in NUMBERS if Decimal(least) <= Decimal(n) <= Decimal(most)]
        excluded = {Decimal(least)} if low.startswith("over ") else set()
        excluded |= {Decimal(most)} if high.startswith("under ") else set()
        numbers |= {n for n in within if Decimal(n) not in excluded}
    return numbers


def assert_conflict_is_minimal(worlds: Worlds, verdict: Verdict, whole: bool) -> None:
    assert verdict.conflict
    claims = worlds.claims(whole)
    rules = frozenset(r.rule_id for r in verdict.conflict.rules)
    in_conflict = {o: claims[o] for o in verdict.conflict.options}
    assert not worlds.fit(in_conflict, rules)
    assert all(worlds.fit(in_conflict, rules - {r}) for r in rules)
    assert all(worlds.fit(without(in_conflict, o), rules) for o in in_conflict)


def assert_repairs_are_the_smallest(worlds: Worlds, verdict: Verdict, whole: bool) -> None:
    claims = worlds.claims(whole)
    corrections = [
        set(options)
        for n in range(len(claims) + 1)
        for options in itertools.combinations(claims, n)
        if worlds.fit(without(claims, *options))
    ]
    minimal = [c for c in corrections if not any(other < c for other in corrections)]
    most = len(minimal[0]) + EXTRA_ITEMS if minimal else 0
    small = [c for c in minimal if len(c) <= most]
    offered = [{change.option for change in repair} for repair in verdict.repairs]
    assert [len(c) for c in offered] == [len(c) for c in small][: len(offered)]
    assert all(c in small for c in offered)
    assert len(offered) == min(len(small), 5)
    for repair in verdict.repairs:
        assert_repair_offers_exactly_what_fits(worlds, claims, repair, whole)


def assert_repair_offers_exactly_what_fits(worlds: Worlds, claims: dict, repair, whole) -> None:
    kept = without(claims, *(change.option for change in repair))
    firsts = {
        c.option: {c.option: worlds.at(c.option, first)} if (first := min(
            values(c.option, c.to[:1]), default=None))
        else {c.option: (None, None)} if whole and worlds.fit(kept | {c.option: (None, None)})
        else {}
        for c in repair
    }  # fmt: skip
    for change in repair:
        others = dict(kept)
        for option, first in firsts.items():
            others |= first if option != change.option else {}
        fitting = {
            v
            for v in DOMAINS[change.option]
            if v != claims[change.option][0]
            and worlds.fit(others | {change.option: worlds.at(change.option, v)})
        }
        before = claims[change.option][0]
        assert fitting == values(change.option, change.to) - {before}
        if change.clear and (not whole or fitting):
            cleared = {change.option: (None, None)} if whole else {}
            assert worlds.fit(others | cleared)
        assert fitting or change.clear


@pytest.mark.parametrize("whole", [False, True])
def test_a_verdict_agrees_with_all_configurations(whole: bool) -> None:
    seen: Counter[str] = Counter()

    @settings(
        max_examples=70, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
    )
    @given(questions())
    def compare(question: tuple[Book, Selection]) -> None:
        of_book, selection = question
        worlds = Worlds.of(of_book, selection)
        verdict = check(of_book, selection, whole=whole)
        assert verdict.valid == worlds.fit(worlds.claims(whole))
        seen["valid" if verdict.valid else "in conflict"] += 1
        if verdict.conflict:
            assert_conflict_is_minimal(worlds, verdict, whole)
            if verdict.conflict.options:
                assert_repairs_are_the_smallest(worlds, verdict, whole)
            else:
                assert not verdict.repairs
                assert not worlds.fit({})
        with_new_solvers = replace(of_book)
        assert check(with_new_solvers, selection, whole=whole) == verdict

    compare()
    assert seen["in conflict"] >= seen["valid"] >= 10, seen


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(questions())
def test_possible_and_implied_values_agree_with_all_configurations(
    question: tuple[Book, Selection],
) -> None:
    of_book, selection = question
    worlds = Worlds.of(of_book, selection)
    claims = worlds.claims(whole=False)
    for option, labels in possible_values(of_book, selection).items():
        others = without(claims, option)
        fitting = {
            v for v in DOMAINS[option] if worlds.fit(others | {option: worlds.at(option, v)})
        }
        assert fitting == values(option, labels)
    implied = {}
    for option in DOMAINS.keys() - claims.keys():
        taken = {choices.get(option) for choices in worlds.having(claims)}
        if len(taken) == 1 and None not in taken:
            implied[option] = taken.pop()
    assert implied_values(of_book, selection) == implied


def test_defaults_are_added_in_turn_without_those_that_conflict() -> None:
    of_book = book(
        rule("default", [Term(option="seat", values=("hide",))], (Term(option="wood"),)),
        rule("default", [Term(option="wood", values=("oak",))]),
        rule("default", [Term(option="back", values=("low",))]),
        rule("default", [Term(option="width", values=("2",))], (Term(option="width"),)),
        rule("excludes", [Term(option="back", values=("low",))],
             (Term(option="seat", values=("hide",)),)),
    )  # fmt: skip
    assert with_defaults(of_book, line()).options == {"wood": "oak", "back": "low"}
    assert with_defaults(of_book, line(wood="ash")).options == {"wood": "ash", "seat": "hide"}
    broken = line(seat="hide", back="low")
    assert with_defaults(of_book, broken) == broken


def test_a_default_is_added_only_where_its_option_is_offered() -> None:
    of_book = book(rule("default", [Term(option="back", values=("low",))]), backs=("table",))
    assert with_defaults(of_book, line("chair")).options == {}
    assert with_defaults(of_book, line("table")).options == {"back": "low"}


def test_a_verdict_explains_a_conflict_in_the_words_of_its_rules() -> None:
    of_book = book(
        replace(
            rule("range", [Term(option="width")], (Term(option="wood", values=("ash",)),),
                 range=span(0, 2)),
            words="Ash is too soft for more than 2 cm.",
        )
    )  # fmt: skip
    assert check(of_book, line(wood="ash", width="3")).message == (
        "Ash is too soft for more than 2 cm. (wood, width): change wood to oak or clear wood; "
        "or change width to 0 to 2 cm or clear width"
    )


def test_a_choice_that_is_not_offered_is_a_conflict_without_rules() -> None:
    of_book = book(backs=("table",))
    for selection in [
        line(wood="teak"), line(colour="red"), line(width="wide"), line(width="3.5"),
        line(back="low"), line(product_="x"),
        replace(line(wood="oak"), lengths={"wood": 4}),
    ]:  # fmt: skip
        verdict = check(of_book, selection)
        assert verdict.conflict
        assert not verdict.conflict.rules
        [[change]] = verdict.repairs
        assert change.option == verdict.conflict.options[0]
        assert change.clear
    assert "teak" not in check(of_book, line(wood="teak")).message


def test_a_product_that_the_book_does_not_have_is_refused() -> None:
    with pytest.raises(NotAllowed, match="no product stool: it has chair, table"):
        check(book(), line("stool"))


def test_many_conflicts_at_once_have_one_repair() -> None:
    names = [f"part {n}" for n in range(40)]
    parts = [
        Option(option=name, label=name, stage="packaging", values=("a", "b")) for name in names
    ]
    exclusions = [
        rule("excludes", [Term(option=other, values=("a",))], (Term(option=one, values=("a",)),))
        for one, other in zip(names[::2], names[1::2], strict=True)
    ]
    of_book = replace(book(*exclusions), options=tuple(parts))
    verdict = check(of_book, line(**dict.fromkeys(names, "a")))
    [repair] = verdict.repairs
    assert len(repair) == 20
    assert all(change.to == ("b",) for change in repair)
