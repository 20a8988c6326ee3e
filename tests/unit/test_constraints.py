"""Answers about small books against all their configurations, one by one."""

from __future__ import annotations

import itertools
from collections import Counter
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings

from domain.book.book import Book, Option, Selection, Term
from domain.configuration.constraints import Verdict, check, choosable, complete, implied
from domain.configuration.minimal import FURTHER
from domain.errors import NotAllowed
from tests.unit.worlds import DOMAINS, NUMBERS, Worlds, book, line, questions, rule, span, without


def values(option: str, words: tuple[str, ...]) -> set[str]:
    """The values that words like "over 1 to under 3 cm" stand for."""
    if option != "width":
        return set(words)
    found: set[str] = set()
    for text in words:
        low, _, high = text.removesuffix(" cm").partition(" to ")
        least, most = low.removeprefix("over "), (high or low).removeprefix("under ")
        inside = [n for n in NUMBERS if Decimal(least) <= Decimal(n) <= Decimal(most)]
        ends = {least} & {low.removeprefix("over ")} if low.startswith("over ") else set()
        ends |= {most} if high.startswith("under ") else set()
        found |= {n for n in inside if Decimal(n) not in {Decimal(e) for e in ends}}
    return found


def conflict_is_minimal(worlds: Worlds, verdict: Verdict, whole: bool) -> None:
    assert verdict.conflict
    claims = worlds.claims(whole)
    rules = frozenset(r.rule_id for r in verdict.conflict.rules)
    named = {o: claims[o] for o in verdict.conflict.options}
    assert not worlds.fit(named, rules)
    assert all(worlds.fit(named, rules - {r}) for r in rules)
    assert all(worlds.fit(without(named, o), rules) for o in named)


def repairs_are_nearest(worlds: Worlds, verdict: Verdict, whole: bool) -> None:
    claims = worlds.claims(whole)
    ways = [
        set(some)
        for n in range(len(claims) + 1)
        for some in itertools.combinations(claims, n)
        if worlds.fit(without(claims, *some))
    ]
    minimal = [way for way in ways if not any(other < way for other in ways)]
    near = [way for way in minimal if len(way) <= len(minimal[0]) + FURTHER] if minimal else []
    told = [{change.option for change in repair} for repair in verdict.repairs]
    assert [len(way) for way in told] == [len(way) for way in near][: len(told)]
    assert all(way in near for way in told)
    assert len(told) == min(len(near), 5)
    for repair in verdict.repairs:
        repair_mends(worlds, claims, repair, whole)


def repair_mends(worlds: Worlds, claims: dict, repair, whole: bool) -> None:
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
        fit = {
            v
            for v in DOMAINS[change.option]
            if v != claims[change.option][0]
            and worlds.fit(others | {change.option: worlds.at(change.option, v)})
        }
        was = claims[change.option][0]
        assert fit == values(change.option, change.to) - {was}
        if change.clear and (not whole or fit):
            cleared = {change.option: (None, None)} if whole else {}
            assert worlds.fit(others | cleared)
        assert fit or change.clear


@pytest.mark.parametrize("whole", [False, True])
def test_whatever_is_said_of_a_selection_holds_of_all_its_configurations(whole: bool) -> None:
    seen: Counter[str] = Counter()

    @settings(
        max_examples=70, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
    )
    @given(questions())
    def answers(question: tuple[Book, Selection]) -> None:
        asked, selection = question
        worlds = Worlds.of(asked, selection)
        verdict = check(asked, selection, whole=whole)
        assert verdict.valid == worlds.fit(worlds.claims(whole))
        seen["valid" if verdict.valid else "in conflict"] += 1
        if verdict.conflict:
            conflict_is_minimal(worlds, verdict, whole)
            if verdict.conflict.options:
                repairs_are_nearest(worlds, verdict, whole)
            else:
                assert not verdict.repairs
                assert not worlds.fit({})
        elsewhere = replace(asked)  # solvers that were asked nothing before
        assert check(elsewhere, selection, whole=whole) == verdict

    answers()
    assert seen["in conflict"] >= seen["valid"] >= 10, seen


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(questions())
def test_what_may_be_chosen_and_what_must_be_is_exact(question: tuple[Book, Selection]) -> None:
    asked, selection = question
    worlds = Worlds.of(asked, selection)
    claims = worlds.claims(whole=False)
    for option, told in choosable(asked, selection).items():
        others = without(claims, option)
        may = {v for v in DOMAINS[option] if worlds.fit(others | {option: worlds.at(option, v)})}
        assert may == values(option, told)
    must = {}
    for option in DOMAINS.keys() - claims.keys():
        taken = {made.get(option) for made in worlds.having(claims)}
        if len(taken) == 1 and None not in taken:
            must[option] = taken.pop()
    assert implied(asked, selection) == must


def test_defaults_are_taken_in_turn_but_for_those_in_conflict() -> None:
    asked = book(
        rule("default", [Term(option="seat", values=("hide",))], (Term(option="wood"),)),
        rule("default", [Term(option="wood", values=("oak",))]),
        rule("default", [Term(option="back", values=("low",))]),
        rule("default", [Term(option="width", values=("2",))], (Term(option="width"),)),
        rule("excludes", [Term(option="back", values=("low",))],
             (Term(option="seat", values=("hide",)),)),
    )  # fmt: skip
    assert complete(asked, line()).options == {"wood": "oak", "back": "low"}
    assert complete(asked, line(wood="ash")).options == {"wood": "ash", "seat": "hide"}
    broken = line(seat="hide", back="low")
    assert complete(asked, broken) == broken


def test_a_default_is_taken_only_where_its_option_is_offered() -> None:
    asked = book(rule("default", [Term(option="back", values=("low",))]), backs=("table",))
    assert complete(asked, line("chair")).options == {}
    assert complete(asked, line("table")).options == {"back": "low"}


def test_a_refusal_is_a_sentence_in_the_words_of_the_authors() -> None:
    asked = book(
        replace(
            rule("range", [Term(option="width")], (Term(option="wood", values=("ash",)),),
                 range=span(0, 2)),
            words="Ash is too soft for more than 2 cm.",
        )
    )  # fmt: skip
    assert check(asked, line(wood="ash", width="3")).words == (
        "Ash is too soft for more than 2 cm. (wood, width): change wood to oak or clear wood; "
        "or change width to 0 to 2 cm or clear width"
    )


def test_what_the_book_does_not_offer_is_a_conflict_of_no_rule() -> None:
    asked = book(backs=("table",))
    for selection in [
        line(wood="teak"), line(colour="red"), line(width="wide"), line(width="3.5"),
        line(back="low"), line(product_="x"),
        replace(line(wood="oak"), lengths={"wood": 4}),
    ]:  # fmt: skip
        verdict = check(asked, selection)
        assert verdict.conflict
        assert not verdict.conflict.rules
        [[change]] = verdict.repairs
        assert change.option == verdict.conflict.options[0]
        assert change.clear
    assert "teak" not in check(asked, line(wood="teak")).words


def test_a_product_of_no_book_is_refused() -> None:
    with pytest.raises(NotAllowed, match="it has chair, table"):
        check(book(), line("stool"))


def test_many_conflicts_at_once_have_a_way_out_too() -> None:
    names = [f"part {n}" for n in range(40)]
    parts = [
        Option(option=name, label=name, stage="packaging", values=("a", "b")) for name in names
    ]
    apart = [
        rule("excludes", [Term(option=other, values=("a",))], (Term(option=one, values=("a",)),))
        for one, other in zip(names[::2], names[1::2], strict=True)
    ]
    asked = replace(book(*apart), options=tuple(parts))
    verdict = check(asked, line(**dict.fromkeys(names, "a")))
    [repair] = verdict.repairs
    assert len(repair) == 20
    assert all(change.to == ("b",) for change in repair)
