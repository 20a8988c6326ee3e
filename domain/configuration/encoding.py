"""A book's options and constraints as clauses: no space of configurations is ever listed.

A literal is the number of a variable, negative where it is denied, as SAT solvers have it. A line
has one product, and an option at most one of its values, each a variable. What a parametric option
takes is cut wherever a rule begins or ceases to hold: no rule tells two numbers of a piece apart,
so a piece is a value like any other, and answers about numbers are exact. Each rule has a selector,
a variable that switches it on.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from itertools import combinations, groupby, pairwise
from math import comb
from typing import get_args

from pysat.card import CardEnc, EncType

from domain.book.book import PRODUCT, Book, Constraint, Option, Range, Term
from domain.values import Stage

NEVER = -1
"""The literal that is false: of a value that an option does not take."""

Cut = tuple[Decimal, int]
"""A place among the numbers: just before one (0), or just after it (1)."""


@dataclass(frozen=True, slots=True)
class Domain:
    """What an option takes. Of a parametric one, piece n lies between cuts n and n + 1."""

    option: Option
    chosen: int
    literals: tuple[int, ...]
    by_name: dict[str, int]
    cuts: tuple[Cut, ...] = ()

    def literal(self, value: str) -> int:
        """Of a value as customers and rules write it; NEVER if the option does not take it."""
        if self.option.range is None:
            return self.by_name.get(value, NEVER)
        number = number_of(value)
        if number is None or not self.cuts or not self.cuts[0] <= (number, 0) < self.cuts[-1]:
            return NEVER
        return self.literals[bisect_right(self.cuts, (number, 0)) - 1]

    def outside(self, bounds: Range) -> list[int]:
        low, high = ends(bounds)
        pieces = zip(self.literals, pairwise(self.cuts), strict=True)
        return [literal for literal, (a, b) in pieces if a < low or high < b]

    def named(self, literals: Collection[int]) -> tuple[str, ...]:
        """As a customer is told, in the order of the book; numbers as "600 to under 720 mm"."""
        if self.option.range is None:
            return tuple(value for value, x in self.by_name.items() if x in literals)
        pieces = [n for n, x in enumerate(self.literals) if x in literals]
        runs = groupby(enumerate(pieces), key=lambda place: place[1] - place[0])
        return tuple(self._span([n for _, n in run]) for _, run in runs)

    def value(self, literal: int) -> str | None:
        """As a customer writes it; None for a piece of many numbers."""
        if self.option.range is None:
            return next(value for value, x in self.by_name.items() if x == literal)
        n = self.literals.index(literal)
        (low, _), (high, _) = self.cuts[n : n + 2]
        return str(low) if low == high else None

    def _span(self, pieces: Sequence[int]) -> str:
        (low, after), (high, beyond) = self.cuts[pieces[0]], self.cuts[pieces[-1] + 1]
        unit = self.option.range.unit if self.option.range else ""
        if low == high:
            return f"{low} {unit}"
        return f"{'over ' * after}{low} to {'under ' * (not beyond)}{high} {unit}"


@dataclass(frozen=True, slots=True)
class Encoding:
    """`at` has, for each option that a rule binds to stages, the literals of being chosen then."""

    product: Domain
    options: dict[str, Domain]
    selectors: dict[int, Constraint]
    at: dict[str, dict[str, int]]
    clauses: list[list[int]]

    def literals(self, term: Term) -> list[int]:
        """One of them is true where the term holds. Raises KeyError for an unknown option."""
        domain = self.product if term.option == PRODUCT else self.options[term.option]
        return [domain.literal(value) for value in term.values] or [domain.chosen]


def encode(book: Book) -> Encoding:
    """Raises KeyError for a rule over an unknown option: `constraint_problems` finds those."""
    out = _Clauses()
    cuts = _cuts(book)
    product = out.domain(offer(book), ())
    out.add(product.chosen)
    options = {o.option: out.domain(o, cuts.get(o.option, ())) for o in book.options}
    for domain in options.values():
        if domain.option.products:
            out.add(-domain.chosen, *map(product.literal, domain.option.products))
    at = {o: out.stages() for o in dict.fromkeys(_bound_to_stages(book))}
    selectors: dict[int, Constraint] = {}
    everything = {**options, PRODUCT: product}
    for rule in book.constraints:
        if rule.kind != "default":
            selector = out.new()
            selectors[selector] = rule
            out.rule(rule, selector, everything, at)
    return Encoding(product, options, selectors, at, out.clauses)


def offer(book: Book) -> Option:
    """The product, as an option: rules speak of it like that."""
    return Option(option=PRODUCT, label="", stage="pre_manufacture", values=book.products)


def number_of(text: str) -> Decimal | None:
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def ends(bounds: Range) -> tuple[Cut, Cut]:
    return (bounds.minimum, 0), (bounds.maximum, 1)


def _cuts(book: Book) -> dict[str, tuple[Cut, ...]]:
    """Of each parametric option, in order: its own ends, and within them those of the rules."""
    ranges = {o.option: o.range for o in book.options if o.range}
    found = {option: set(ends(bounds)) for option, bounds in ranges.items()}
    for rule in book.constraints:
        for term in rule.when + rule.then:
            if term.option in ranges:
                numbers = [n for v in term.values if (n := number_of(v)) is not None]
                found[term.option].update((n, side) for n in numbers for side in (0, 1))
                if rule.range and term in rule.then:
                    found[term.option].update(ends(rule.range))
    return {
        option: tuple(sorted(cut for cut in cuts if low <= cut <= high))
        for option, cuts in found.items()
        for low, high in [ends(ranges[option])]
    }


def _bound_to_stages(book: Book) -> Iterable[str]:
    return (t.option for rule in book.constraints if rule.kind == "stage" for t in rule.then)


@dataclass(slots=True)
class _Clauses:
    """Clauses as they are written, and how many variables they have."""

    top: int = -NEVER
    clauses: list[list[int]] = field(default_factory=lambda: [[-NEVER]])
    _terms: dict[tuple[str, frozenset[int]], int] = field(default_factory=dict)

    def new(self) -> int:
        self.top += 1
        return self.top

    def add(self, *clause: int) -> None:
        self.clauses.append(list(clause))

    def domain(self, option: Option, cuts: tuple[Cut, ...]) -> Domain:
        chosen = self.new()
        by_name = {value: self.new() for value in option.values if option.range is None}
        literals = tuple(by_name.values()) or tuple(self.new() for _ in pairwise(cuts))
        self.either(chosen, literals)
        self.at_most(1, literals)
        return Domain(option, chosen, literals, by_name, cuts)

    def stages(self) -> dict[str, int]:
        at: dict[str, int] = {stage: self.new() for stage in get_args(Stage)}
        self.at_most(1, tuple(at.values()))
        return at

    def either(self, whole: int, parts: Collection[int]) -> None:
        """`whole` is true if, and only if, one of `parts` is."""
        self.add(-whole, *parts)
        for part in parts:
            self.add(whole, -part)

    def at_most(self, bound: int, literals: Sequence[int], unless: Sequence[int] = ()) -> None:
        """Not more than `bound` are true, unless one of `unless` is."""
        if bound >= len(literals):
            return
        if bound < 0:
            self.add(*unless)
        elif comb(len(literals), bound + 1) <= 4 * len(literals):
            for some in combinations(literals, bound + 1):
                self.add(*unless, *(-x for x in some))
        else:
            counted = CardEnc.atmost(
                list(literals), bound, top_id=self.top, encoding=EncType.seqcounter
            )
            self.top = max(self.top, counted.nv)
            for clause in counted.clauses:
                self.add(*unless, *clause)

    def term(self, term: Term, domain: Domain) -> int:
        if not term.values:
            return domain.chosen
        values = frozenset(map(domain.literal, term.values))
        if len(values) == 1:
            return min(values)
        key = (term.option, values)
        if key not in self._terms:
            self._terms[key] = self.new()
            self.either(self._terms[key], sorted(values))
        return self._terms[key]

    def rule(
        self,
        rule: Constraint,
        selector: int,
        domains: dict[str, Domain],
        at: dict[str, dict[str, int]],
    ) -> None:
        unless = [-selector, *(-self.term(t, domains[t.option]) for t in rule.when)]
        then = [self.term(t, domains[t.option]) for t in rule.then]
        match rule.kind:
            case "requires":
                for literal in then:
                    self.add(*unless, literal)
            case "excludes":
                self.at_most(0, then, unless)
            case "cardinality":
                self.at_most(len(then) - rule.at_least, [-x for x in then], unless)
                if rule.at_most is not None:
                    self.at_most(rule.at_most, then, unless)
            case "range" if rule.range:
                self.at_most(0, domains[rule.then[0].option].outside(rule.range), unless)
            case "stage":
                for term, literal in zip(rule.then, then, strict=True):
                    then_at = at[term.option]
                    self.add(*unless, -literal, *(then_at[stage] for stage in rule.stages))
