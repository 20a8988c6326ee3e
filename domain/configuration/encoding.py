"""The options and constraints of a book as the clauses of a SAT problem.

A literal is the number of a variable, negative where the variable is false. A line has one product,
and an option has at most one of its values; each value is a variable. The range of a parametric
option is cut wherever a rule begins or ceases to hold. Every rule holds for all numbers between two
neighbouring cuts or for none, so such a piece is encoded as one value, and answers about numbers
are exact. Each rule has a selector, a variable that switches it on.

For example, an option `wood` with the values oak and ash, and a rule that oak requires `oil`:

    -wood oak ash, wood -oak, wood -ash    wood is chosen if, and only if, it has a value
    -oak -ash                              it has at most one value
    -selector -oak oil                     if the rule is switched on, oak requires oil

docs/adr/0013-constraints.md says why.
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

ALWAYS = 1
"""The first variable. It is true in every solution, so that `NEVER` is false."""

NEVER = -ALWAYS
"""The literal that is always false; it stands for values that an option does not have."""

_GROUPS_PER_LITERAL = 4
"""Up to so many groups for each literal are forbidden one by one, which needs no more variables.

For more groups a sequential counter is used, whose clauses grow only with literals times bound.
"""

Cut = tuple[Decimal, int]
"""A cut in a range of numbers, just before a number (0) or just after it (1)."""


@dataclass(frozen=True, slots=True)
class OptionVariables:
    """The variables of an option: one for each value, and `chosen`, true if it has any value.

    For a parametric option, `literals[n]` stands for the numbers between `cuts[n]` and
    `cuts[n + 1]`, and `by_value` is empty.
    """

    option: Option
    chosen: int
    literals: tuple[int, ...]
    by_value: dict[str, int]
    cuts: tuple[Cut, ...] = ()

    def literal(self, value: str) -> int:
        """The literal of a value as customers and rules write it; `NEVER` for any other text."""
        if self.option.range is None:
            return self.by_value.get(value, NEVER)
        number = parse_number(value)
        if number is None or not self.cuts or not self.cuts[0] <= (number, 0) < self.cuts[-1]:
            return NEVER
        return self.literals[bisect_right(self.cuts, (number, 0)) - 1]

    def outside(self, bounds: Range) -> list[int]:
        """The literals of a parametric option whose numbers are outside the bounds."""
        low, high = cuts_around(bounds)
        pieces = zip(self.literals, pairwise(self.cuts), strict=True)
        return [literal for literal, (a, b) in pieces if a < low or high < b]

    def labels(self, literals: Collection[int]) -> tuple[str, ...]:
        """The literals in words, in the order of the book; numbers as "600 to under 720 mm"."""
        if self.option.range is None:
            return tuple(value for value, x in self.by_value.items() if x in literals)
        pieces = [n for n, x in enumerate(self.literals) if x in literals]
        runs = groupby(enumerate(pieces), key=lambda pair: pair[1] - pair[0])
        return tuple(self._span([n for _, n in run]) for _, run in runs)

    def value(self, literal: int) -> str | None:
        """The value as a customer writes it; None for a piece of more than one number."""
        if self.option.range is None:
            return next(value for value, x in self.by_value.items() if x == literal)
        n = self.literals.index(literal)
        (low, _), (high, _) = self.cuts[n : n + 2]
        return str(low) if low == high else None

    def _span(self, pieces: Sequence[int]) -> str:
        (low, low_side), (high, high_side) = self.cuts[pieces[0]], self.cuts[pieces[-1] + 1]
        unit = self.option.range.unit if self.option.range else ""
        if low == high:
            return f"{low} {unit}"
        start = f"over {low}" if low_side == 1 else f"{low}"
        end = f"{high}" if high_side == 1 else f"under {high}"
        return f"{start} to {end} {unit}"


@dataclass(frozen=True, slots=True)
class Encoding:
    """A book as clauses, and what the literals stand for.

    `stages[option][stage]` is true if the option is chosen at that stage; only options that stage
    rules mention are in it.
    """

    product: OptionVariables
    options: dict[str, OptionVariables]
    selectors: dict[int, Constraint]
    stages: dict[str, dict[str, int]]
    clauses: list[list[int]]

    def literals(self, term: Term) -> list[int]:
        """Literals of which one is true if the term holds. Raise KeyError for an unknown option."""
        variables = self.product if term.option == PRODUCT else self.options[term.option]
        return [variables.literal(value) for value in term.values] or [variables.chosen]


def encode(book: Book) -> Encoding:
    """Return the book as clauses.

    Raise KeyError for a rule about an unknown option; `constraint_problems` reports such rules
    first.
    """
    out = _Clauses()
    cuts = _cuts(book)
    product = out.add_option(product_option(book), ())
    out.add(product.chosen)
    options = {o.option: out.add_option(o, cuts.get(o.option, ())) for o in book.options}
    for variables in options.values():
        if variables.option.products:
            out.add(-variables.chosen, *map(product.literal, variables.option.products))
    stages = {o: out.stages() for o in dict.fromkeys(_options_bound_to_stages(book))}
    selectors: dict[int, Constraint] = {}
    by_option = {**options, PRODUCT: product}
    for rule in book.constraints:
        if rule.kind != "default":
            selector = out.new()
            selectors[selector] = rule
            out.rule(rule, selector, by_option, stages)
    return Encoding(product, options, selectors, stages, out.clauses)


def product_option(book: Book) -> Option:
    """The products of a book as the values of an option, because rules treat them like one."""
    return Option(option=PRODUCT, label="", stage="pre_manufacture", values=book.products)


def parse_number(text: str) -> Decimal | None:
    """The finite number that a text is; None for any other text."""
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def cuts_around(bounds: Range) -> tuple[Cut, Cut]:
    return (bounds.minimum, 0), (bounds.maximum, 1)


def _cuts(book: Book) -> dict[str, tuple[Cut, ...]]:
    """The cuts of each parametric option in order: around its range, and where rules change."""
    ranges = {o.option: o.range for o in book.options if o.range}
    cuts = {option: set(cuts_around(bounds)) for option, bounds in ranges.items()}
    for rule in book.constraints:
        for term in rule.when + rule.then:
            if term.option in ranges:
                numbers = [n for v in term.values if (n := parse_number(v)) is not None]
                cuts[term.option].update((n, side) for n in numbers for side in (0, 1))
                if rule.range and term in rule.then:
                    cuts[term.option].update(cuts_around(rule.range))
    return {
        option: tuple(sorted(cut for cut in cuts[option] if low <= cut <= high))
        for option, bounds in ranges.items()
        for low, high in [cuts_around(bounds)]
    }


def _options_bound_to_stages(book: Book) -> Iterable[str]:
    return (t.option for rule in book.constraints if rule.kind == "stage" for t in rule.then)


@dataclass(slots=True)
class _Clauses:
    """Clauses while they are written, and the number of the last variable."""

    top: int = ALWAYS
    clauses: list[list[int]] = field(default_factory=lambda: [[ALWAYS]])
    _terms: dict[tuple[str, frozenset[int]], int] = field(default_factory=dict)

    def new(self) -> int:
        """A new variable."""
        self.top += 1
        return self.top

    def add(self, *clause: int) -> None:
        self.clauses.append(list(clause))

    def add_option(self, option: Option, cuts: tuple[Cut, ...]) -> OptionVariables:
        """Add the variables of an option; it has a value if chosen, and at most one."""
        chosen = self.new()
        by_value = {value: self.new() for value in option.values if option.range is None}
        literals = tuple(by_value.values()) or tuple(self.new() for _ in pairwise(cuts))
        self.either(chosen, literals)
        self.at_most(1, literals)
        return OptionVariables(option, chosen, literals, by_value, cuts)

    def stages(self) -> dict[str, int]:
        """A variable for each stage, of which at most one is true."""
        stages: dict[str, int] = {stage: self.new() for stage in get_args(Stage)}
        self.at_most(1, tuple(stages.values()))
        return stages

    def either(self, whole: int, parts: Collection[int]) -> None:
        """Add clauses: `whole` is true if, and only if, one of `parts` is."""
        self.add(-whole, *parts)
        for part in parts:
            self.add(whole, -part)

    def at_most(self, bound: int, literals: Sequence[int], unless: Sequence[int] = ()) -> None:
        """Add clauses: at most `bound` literals are true, unless one of `unless` is."""
        if bound >= len(literals):
            return
        if bound < 0:
            self.add(*unless)
        elif comb(len(literals), bound + 1) <= _GROUPS_PER_LITERAL * len(literals):
            for group in combinations(literals, bound + 1):
                self.add(*unless, *(-x for x in group))
        else:
            counter = CardEnc.atmost(
                list(literals), bound, top_id=self.top, encoding=EncType.seqcounter
            )
            self.top = max(self.top, counter.nv)
            for clause in counter.clauses:
                self.add(*unless, *clause)

    def term(self, term: Term, variables: OptionVariables) -> int:
        """The literal that is true if, and only if, the term holds."""
        if not term.values:
            return variables.chosen
        values = frozenset(map(variables.literal, term.values))
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
        by_option: dict[str, OptionVariables],
        stages: dict[str, dict[str, int]],
    ) -> None:
        """Add the clauses of a rule, which bind only while its selector is true."""
        unless = [-selector, *(-self.term(t, by_option[t.option]) for t in rule.when)]
        then = [self.term(t, by_option[t.option]) for t in rule.then]
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
                self.at_most(0, by_option[rule.then[0].option].outside(rule.range), unless)
            case "stage":
                for term, literal in zip(rule.then, then, strict=True):
                    allowed = (stages[term.option][stage] for stage in rule.stages)
                    self.add(*unless, -literal, *allowed)
