"""Small books, lines under them, and all configurations of a line, one by one."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from functools import cached_property

from hypothesis import strategies as st

from domain.book.book import PRODUCT, Book, Constraint, Option, Range, Selection, Term
from tests.independent.configurations import is_kept

PRODUCTS = ("chair", "table")
CLOSED = {"wood": ("oak", "ash"), "seat": ("cane", "felt", "hide"), "back": ("high", "low")}
NUMBERS = [str(Decimal(n) / 2) for n in range(7)]
"""They stand for all numbers from 0 to 3, because every rule changes at a whole number."""
DOMAINS = {**CLOSED, "width": tuple(NUMBERS)}
STAGES = ("pre_manufacture", "packaging", "delivery", "in_use")


def span(low: int, high: int) -> Range:
    return Range(minimum=Decimal(low), maximum=Decimal(high), unit="cm")


def book(*rules: Constraint, backs: tuple[str, ...] = ()) -> Book:
    offered = [
        Option(
            option=option, label=option, stage="pre_manufacture", values=values,
            text_limit=3, products=backs if option == "back" else (),
        )
        for option, values in CLOSED.items()
    ]  # fmt: skip
    width = Option(
        option="width", label="Width", stage="packaging", choice_space="parametric",
        range=span(0, 3),
    )  # fmt: skip
    numbered = [replace(rule, rule_id=f"R{n}") for n, rule in enumerate(rules)]
    return Book(
        book="shop", version=1, currency="EUR", rounding="half_up", places=2, products=PRODUCTS,
        effective_from=datetime(2026, 1, 1, tzinfo=UTC), options=(*offered, width),
        constraints=tuple(numbered),
    )  # fmt: skip


def rule(kind: str, then: list[Term], when: tuple[Term, ...] = (), **more) -> Constraint:
    return Constraint(rule_id="", words=f"{kind}.", kind=kind, when=when, then=tuple(then), **more)


def line(product: str = "chair", **options: str) -> Selection:
    return Selection(line_id="L1", product=product, quantity=1, options=options)


@st.composite
def terms(draw, options: tuple[str, ...] = (*DOMAINS, PRODUCT)) -> Term:
    option = draw(st.sampled_from(options))
    values = (PRODUCTS if option == PRODUCT else DOMAINS[option])[:: 2 if option == "width" else 1]
    some = draw(st.lists(st.sampled_from(values), unique=True, max_size=len(values) - 1))
    return Term(option=option, values=tuple(some))


@st.composite
def constraints(draw) -> Constraint:
    kind = draw(st.sampled_from(["requires", "requires", "excludes", "excludes", "cardinality",
                                 "range", "stage"]))  # fmt: skip
    when = tuple(draw(st.lists(terms(), max_size=2)))
    match kind:
        case "cardinality":
            then = draw(st.lists(terms(tuple(DOMAINS)), min_size=2, max_size=4))
            least = draw(st.integers(0, 2))
            most = draw(st.none() | st.integers(least, 2))
            return rule(kind, then, when, at_least=least, at_most=most)
        case "range":
            low = draw(st.integers(0, 3))
            bounds = span(low, draw(st.integers(low, 3)))
            return rule(kind, [Term(option="width")], when, range=bounds)
        case "stage":
            stages = tuple(draw(st.lists(st.sampled_from(STAGES), min_size=1, max_size=3)))
            return rule(kind, [draw(terms(("wood",)))], when, stages=stages)
    return rule(kind, draw(st.lists(terms(), min_size=1, max_size=2)), when)


@st.composite
def questions(draw) -> tuple[Book, Selection]:
    backs = draw(st.sampled_from([(), ("table",)]))
    rules = draw(st.lists(constraints(), min_size=1, max_size=7))
    options = {}
    for option, values in DOMAINS.items():
        if draw(st.integers(0, 4)):
            options[option] = draw(st.sampled_from((*values, *values, "unheard of")))
    shuffled = dict(draw(st.permutations(list(options.items()))))
    stages = {"wood": draw(st.sampled_from(STAGES))} if draw(st.booleans()) else {}
    selection = replace(line(draw(st.sampled_from(PRODUCTS)), **shuffled), stages=stages)
    return book(*rules, backs=backs), selection


@dataclass(frozen=True)
class Worlds:
    """Every configuration of the product of a line, with the rules that it breaks.

    A claim about an option is a pair: its value (None: not chosen) and its stage (None: any).
    """

    book: Book
    selection: Selection
    all: tuple[tuple[dict[str, str], dict[str, str], frozenset[str]], ...]

    @cached_property
    def good(self):
        return [world for world in self.all if not world[2]]

    @classmethod
    def of(cls, book: Book, selection: Selection) -> Worlds:
        offered = {
            o.option: DOMAINS[o.option]
            for o in book.options
            if not o.products or selection.product in o.products
        }
        worlds = []
        for values in itertools.product(*((None, *values) for values in offered.values())):
            chosen = {o: v for o, v in zip(offered, values, strict=True) if v is not None}
            choices = {**chosen, PRODUCT: selection.product}
            for stage in STAGES if "wood" in chosen else STAGES[:1]:
                stages = dict.fromkeys(DOMAINS, "packaging") | {"wood": stage}
                broken = (r.rule_id for r in book.constraints if not is_kept(r, choices, stages))
                worlds.append((choices, stages, frozenset(broken)))
        return cls(book, selection, tuple(worlds))

    def claims(self, whole: bool) -> dict[str, tuple[str | None, str | None]]:
        own = {o.option: o.stage for o in self.book.options} | self.selection.stages
        chosen = {o: (v, own[o] if o == "wood" else None)
                  for o, v in self.selection.options.items()}  # fmt: skip
        return {**dict.fromkeys(DOMAINS, (None, None)), **chosen} if whole else chosen

    def at(self, option: str, value: str | None) -> tuple[str | None, str | None]:
        """The claim that an option has another value, at the stage at which it was chosen."""
        claim = self.claims(whole=False).get(option)
        return value, claim[1] if claim else None

    def having(self, claims, rules: frozenset[str] | None = None) -> Iterator[dict[str, str]]:
        """The configurations that have all claims and keep these rules, by default all rules."""
        for choices, stages, broken in self.good if rules is None else self.all:
            if not (rules and broken & rules) and all(
                choices.get(o) == value and (stage is None or stages[o] == stage)
                for o, (value, stage) in claims.items()
            ):
                yield choices

    def fit(self, claims, rules: frozenset[str] | None = None) -> bool:
        return any(True for _ in self.having(claims, rules))


def without(claims: dict, *options: str) -> dict:
    return {o: claim for o, claim in claims.items() if o not in options}
