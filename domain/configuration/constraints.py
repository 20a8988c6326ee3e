"""Whether the choices of a line keep the constraints of a book, and repairs if they do not.

Choices may be incomplete: they are valid if some configuration has all of them and keeps every
rule. In a `whole` configuration no further option will be chosen, so what a rule requires must be
chosen already.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain

from domain.book.book import PRODUCT, Book, Constraint, Selection, Term
from domain.configuration.encoding import NEVER
from domain.configuration.minimal_sets import correction_sets, minimal_subset
from domain.configuration.solvers import solvers
from domain.errors import JsonValue, NameUnknown

REPAIRS = 5
"""How many repairs a verdict offers at most."""

Literals = tuple[int, ...]
Claims = dict[str, Literals]
"""By option, the literals to assume: its value, and its stage if a rule binds it; or `-chosen` if
it must stay empty."""


@dataclass(frozen=True, slots=True)
class OptionChange:
    """A change of one option: to one of the values `to`, or, if `clear`, to no value."""

    option: str
    to: tuple[str, ...]
    clear: bool

    @property
    def message(self) -> str:
        ways = [f"change {self.option} to {' or '.join(self.to)}"] if self.to else []
        return " or ".join([*ways, f"clear {self.option}"] if self.clear else ways)


@dataclass(frozen=True, slots=True)
class MinimalConflict:
    """A smallest set of rules and chosen options in contradiction: any one left out resolves it.

    Without rules, the book does not offer what is chosen for the options. Without options, the
    product cannot be made at all under these rules.
    """

    rules: tuple[Constraint, ...]
    options: tuple[str, ...]

    @property
    def message(self) -> str:
        if not self.rules:
            return (
                f"{', '.join(self.options)}: the book does not offer this value for the product, "
                "or its text is too long"
            )
        return f"{' '.join(rule.words for rule in self.rules)} ({', '.join(self.options)})"


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether choices are valid; if not, one conflict, and repairs that resolve all conflicts.

    A repair is a set of changes, and those with the fewest come first. All values that a change
    offers are possible together with the first value that each other change of its repair offers.
    """

    conflict: MinimalConflict | None = None
    repairs: tuple[tuple[OptionChange, ...], ...] = ()

    @property
    def valid(self) -> bool:
        return self.conflict is None

    @property
    def data(self) -> dict[str, JsonValue]:
        """The conflicting rules and options, and the repairs, by name."""
        if self.conflict is None:
            return {}
        return {
            "rules": [rule.rule_id for rule in self.conflict.rules],
            "options": list(self.conflict.options),
            "repairs": [
                [{"option": c.option, "to": list(c.to), "clear": c.clear} for c in repair]
                for repair in self.repairs
            ],
        }

    @property
    def message(self) -> str:
        if self.conflict is None:
            return "nothing is in conflict"
        repairs = "; or ".join(
            " and ".join(change.message for change in repair) for repair in self.repairs
        )
        no_repair = "no other choice resolves this, the producer must correct the constraints"
        return f"{self.conflict.message}: {repairs or no_repair}"


def check(book: Book, selection: Selection, *, whole: bool = False) -> Verdict:
    """Return the verdict on a line. Raise NameUnknown if the book does not have its product."""
    line = _Line(book, selection, whole)
    if line.is_possible(line.claims):
        return Verdict()
    conflict = line.conflict()
    return Verdict(conflict, tuple(line.repairs(conflict)) if conflict.options else ())


def possible_values(book: Book, selection: Selection) -> dict[str, tuple[str, ...]]:
    """For each option of the book the values that it may take while all others stay as chosen.

    There are none while the others are in conflict.
    """
    line = _Line(book, selection)
    return {
        option: variables.labels(line.possible_literals(option))
        for option, variables in line.encoding.options.items()
    }


def implied_values(book: Book, selection: Selection) -> dict[str, str]:
    """The options that are not chosen but can have only one value, with that value."""
    line = _Line(book, selection)
    example = line.example()
    return {
        option: value
        for option, variables in line.encoding.options.items()
        if option not in line.claims
        for literal in example.intersection(variables.literals)
        if (value := variables.value(literal)) and not line.is_possible(line.claims, -literal)
    }


def with_defaults(book: Book, selection: Selection) -> Selection:
    """Return the line with the defaults of the book that do not conflict, added in book order.

    All are tried at once, because one check is cheaper than one for each default; only if that
    conflicts are they tried one by one.
    """

    def is_possible(line: Selection) -> bool:
        candidate = _Line(book, line)
        return candidate.is_possible(candidate.claims)

    all_defaults = _add_defaults(book, selection, lambda _: True)
    if is_possible(all_defaults):
        return all_defaults
    return _add_defaults(book, selection, is_possible)


def _add_defaults(book: Book, line: Selection, accept: Callable[[Selection], bool]) -> Selection:
    """Add each accepted default until no more applies: one may be the condition of another."""
    defaults = [rule for rule in book.constraints if rule.kind == "default"]
    changed = True
    while changed:
        changed = False
        for rule in defaults:
            option, value = rule.then[0].option, rule.then[0].values[0]
            if option not in line.options and _applies(book, rule, line):
                extended = replace(line, options={**line.options, option: value})
                if accept(extended):
                    line, changed = extended, True
    return line


def _applies(book: Book, rule: Constraint, line: Selection) -> bool:
    """Whether a default is for this product, and its conditions hold."""
    encoding = solvers(book).encoding
    products = encoding.options[rule.then[0].option].option.products

    def holds(term: Term) -> bool:
        if term.option == PRODUCT:
            return not term.values or line.product in term.values
        value = line.options.get(term.option)
        if value is None or not term.values:
            return value is not None
        return encoding.options[term.option].literal(value) in encoding.literals(term)

    return (not products or line.product in products) and all(map(holds, rule.when))


class _Line:
    """A line as literals, with the questions about it that the solvers of its book answer."""

    def __init__(self, book: Book, selection: Selection, whole: bool = False) -> None:
        self._solvers = solvers(book)
        self.encoding = self._solvers.encoding
        self._selection = selection
        self._whole = whole
        self._product = self.encoding.product.literal(selection.product)
        if self._product == NEVER:
            raise NameUnknown(
                f"the book has no product {selection.product}: it has {', '.join(book.products)}",
                "product",
            )
        self.claims = {o: self._claim(o, value) for o, value in selection.options.items()}
        if whole:
            for option, variables in self.encoding.options.items():
                self.claims.setdefault(option, (-variables.chosen,))

    def is_possible(self, claims: Claims, *literals: int) -> bool:
        return self._solvers.is_possible(self._literals(claims, *literals))

    def example(self) -> frozenset[int]:
        return self._solvers.example(self._literals(self.claims))

    def possible_literals(self, option: str) -> list[int]:
        """The values that an option may have while all others stay as chosen."""
        others = self._claims_without(option)
        values = self.encoding.options[option].literals
        return [x for x in values if self.is_possible({**others, option: self._at(option, x)})]

    def conflict(self) -> MinimalConflict:
        """A minimal conflict: first the options are reduced, under all rules, then the rules."""
        options = minimal_subset(
            self._ordered_options(), lambda kept: not self.is_possible(self._claims_of(kept))
        )
        rules = self._solvers.forbidding_rules(self._literals(self._claims_of(options)))
        return MinimalConflict(tuple(rules), tuple(options))

    def repairs(self, conflict: MinimalConflict) -> Iterator[tuple[OptionChange, ...]]:
        corrections = correction_sets(
            self._ordered_options(), list(conflict.options),
            lambda kept: self.is_possible(self._claims_of(kept)), REPAIRS,
        )  # fmt: skip
        return (tuple(self._changes(options)) for options in corrections)

    def _changes(self, options: Sequence[str]) -> Iterator[OptionChange]:
        """The changes of a correction: every value of an option that fits with the others."""
        # First fix one fitting value for each option, to test its alternatives against others.
        repaired = self._claims_without(*options)
        for option in options:
            offers = [*self._other_values(option), *self._cleared(option)]
            fitting = (o for o in offers if self.is_possible({**repaired, option: o}))
            repaired[option] = next(fitting, ())
        for option in options:
            others = {o: claim for o, claim in repaired.items() if o != option}
            values = [
                claim[0]
                for claim in self._other_values(option)
                if self.is_possible({**others, option: claim})
            ]
            to = self.encoding.options[option].labels(values) if values else ()
            clear = any(
                self.is_possible({**others, option: claim}) for claim in self._cleared(option)
            )
            # An option without another value can only be cleared.
            yield OptionChange(option, to, clear or not to)

    def _other_values(self, option: str) -> list[Literals]:
        """Claims that an option has another value than chosen, at the stage of its choice."""
        variables = self.encoding.options.get(option)
        values = variables.literals if variables else ()
        return [self._at(option, x) for x in values if x not in self.claims[option]]

    def _cleared(self, option: str) -> list[Literals]:
        """Claims to try for clearing an option: none if it is not chosen.

        An empty claim if it may be chosen later; `-chosen` in a whole configuration.
        """
        if option not in self._selection.options:
            return []
        variables = self.encoding.options.get(option)
        return [(-variables.chosen,) if variables and self._whole else ()]

    def _claim(self, option: str, value: str) -> Literals:
        variables = self.encoding.options.get(option)
        if variables is None:
            return (NEVER,)
        limit = variables.option.text_limit
        if limit is not None and self._selection.lengths.get(option, 0) > limit:
            return (NEVER,)
        return self._at(option, variables.literal(value))

    def _at(self, option: str, literal: int) -> Literals:
        """The claim of a value, with the stage at which the option was chosen if rules bind it."""
        stages = self.encoding.stages.get(option)
        if stages is None or option not in self._selection.options:
            return (literal,)
        own = self.encoding.options[option].option.stage
        return (literal, stages[self._selection.stages.get(option, own)])

    def _literals(self, claims: Claims, *literals: int) -> list[int]:
        return [self._product, *chain.from_iterable(claims.values()), *literals]

    def _ordered_options(self) -> list[str]:
        """The claimed options in the order of the book.

        So the answer does not depend on the order in which options were chosen.
        """
        unknown = sorted(self.claims.keys() - self.encoding.options.keys())
        return [o for o in self.encoding.options if o in self.claims] + unknown

    def _claims_of(self, options: Sequence[str]) -> Claims:
        return {option: self.claims[option] for option in options}

    def _claims_without(self, *options: str) -> Claims:
        return {o: claim for o, claim in self.claims.items() if o not in options}
