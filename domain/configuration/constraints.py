"""What can be made: whether choices keep a book's rules, and what to change where they do not.

Choices may be incomplete: they are valid if some configuration has them all and keeps every rule.
Of a `whole` configuration nothing else will be chosen, so what a rule requires must be there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain

from domain.book.book import PRODUCT, Book, Constraint, Selection, Term
from domain.configuration.encoding import NEVER
from domain.configuration.minimal import corrections, minimal
from domain.configuration.solvers import solvers
from domain.errors import JsonValue, NameUnknown

REPAIRS = 5
Literals = tuple[int, ...]
Choices = dict[str, Literals]
"""What is claimed of each option: its value (and stage), or that it is not chosen."""


@dataclass(frozen=True, slots=True)
class OptionChange:
    """An option takes one of `to` instead, or is cleared where that is allowed."""

    option: str
    to: tuple[str, ...]
    clear: bool

    @property
    def words(self) -> str:
        ways = [f"change {self.option} to {' or '.join(self.to)}"] if self.to else []
        return " or ".join([*ways, f"clear {self.option}"] if self.clear else ways)


@dataclass(frozen=True, slots=True)
class RuleConflict:
    """Rules and options that cannot stand together; without any one of them the others can.

    No rule: the book does not offer what was chosen for the option. No option: under these rules
    the product cannot be made at all.
    """

    rules: tuple[Constraint, ...]
    options: tuple[str, ...]

    @property
    def words(self) -> str:
        if not self.rules:
            return f"the book does not offer this choice of {', '.join(self.options)}"
        return f"{' '.join(rule.words for rule in self.rules)} ({', '.join(self.options)})"


@dataclass(frozen=True, slots=True)
class Verdict:
    """Each repair is a set of changes that mends everything, those with the fewest first.

    Whatever one change of a repair offers goes together with the first that its other changes do.
    """

    conflict: RuleConflict | None = None
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
    def words(self) -> str:
        if self.conflict is None:
            return "nothing is in conflict"
        ways = "; or ".join(" and ".join(c.words for c in repair) for repair in self.repairs)
        return f"{self.conflict.words}: {ways or 'no choice mends this, the book must be mended'}"


def check(book: Book, selection: Selection, *, whole: bool = False) -> Verdict:
    """Raises NotAllowed for a product that the book does not have."""
    line = _Line(book, selection, whole)
    if line.possible(line.choices):
        return Verdict()
    conflict = line.conflict()
    return Verdict(conflict, tuple(line.repairs(conflict)) if conflict.options else ())


def choosable(book: Book, selection: Selection) -> dict[str, tuple[str, ...]]:
    """Of each option, what it may take beside the other choices; of one that is chosen, what it may
    be changed to as well. Nothing at all where the others are in conflict.
    """
    line = _Line(book, selection)
    return {
        option: domain.named(line.open_to(option)) for option, domain in line.known.options.items()
    }


def implied(book: Book, selection: Selection) -> dict[str, str]:
    """What options that are not chosen must take, whatever else is chosen."""
    line = _Line(book, selection)
    example = line.example()
    return {
        option: value
        for option, domain in line.known.options.items()
        if option not in line.choices
        for literal in example.intersection(domain.literals)
        if (value := domain.value(literal)) and not line.possible(line.choices, -literal)
    }


def complete(book: Book, selection: Selection) -> Selection:
    """With the book's defaults, in its order, but for those that would be in conflict."""

    def fits(wanted: Selection) -> bool:
        line = _Line(book, wanted)
        return line.possible(line.choices)

    wanted = _defaulted(book, selection, lambda _: True)
    return wanted if fits(wanted) else _defaulted(book, selection, fits)


def _defaulted(book: Book, line: Selection, fits: Callable[[Selection], bool]) -> Selection:
    """One default may be what another one waits for, so they are gone through until none is."""
    defaults = [rule for rule in book.constraints if rule.kind == "default"]
    again = True
    while again:
        again = False
        for rule in defaults:
            option, value = rule.then[0].option, rule.then[0].values[0]
            if option not in line.options and _applies(book, rule, line):
                more = replace(line, options={**line.options, option: value})
                if fits(more):
                    line, again = more, True
    return line


def _applies(book: Book, rule: Constraint, line: Selection) -> bool:
    known = solvers(book).encoding
    products = known.options[rule.then[0].option].option.products

    def holds(term: Term) -> bool:
        if term.option == PRODUCT:
            return not term.values or line.product in term.values
        value = line.options.get(term.option)
        if value is None or not term.values:
            return value is not None
        return known.options[term.option].literal(value) in known.literals(term)

    return (not products or line.product in products) and all(map(holds, rule.when))


class _Line:
    """A selection, put to the solvers of a book."""

    def __init__(self, book: Book, selection: Selection, whole: bool = False) -> None:
        self._solvers = solvers(book)
        self.known = self._solvers.encoding
        self._selection = selection
        self._whole = whole
        self._product = self.known.product.literal(selection.product)
        if self._product == NEVER:
            raise NameUnknown(
                f"the book has no such product: it has {', '.join(book.products)}", "product"
            )
        self.choices = {o: self._claim(o, value) for o, value in selection.options.items()}
        if whole:
            for option, domain in self.known.options.items():
                self.choices.setdefault(option, (-domain.chosen,))

    def possible(self, choices: Choices, *further: int) -> bool:
        return self._solvers.possible(self._literals(choices, *further))

    def without(self, *options: str) -> Choices:
        return {o: literals for o, literals in self.choices.items() if o not in options}

    def example(self) -> frozenset[int]:
        return self._solvers.example(self._literals(self.choices))

    def open_to(self, option: str) -> list[int]:
        """The values that it may take, at its stage if it is chosen, beside all other choices."""
        others = self.without(option)
        values = self.known.options[option].literals
        return [x for x in values if self.possible({**others, option: self._at(option, x)})]

    def conflict(self) -> RuleConflict:
        options = minimal(self._ordered(), lambda kept: not self.possible(self._only(kept)))
        rules = self._solvers.forbidding(self._literals(self._only(options)))
        return RuleConflict(tuple(rules), tuple(options))

    def repairs(self, conflict: RuleConflict) -> Iterator[tuple[OptionChange, ...]]:
        ways = corrections(
            self._ordered(), list(conflict.options), lambda kept: self.possible(self._only(kept)),
            REPAIRS,
        )  # fmt: skip
        return (tuple(self._changes(way)) for way in ways)

    def _changes(self, way: Sequence[str]) -> Iterator[OptionChange]:
        mended = self.without(*way)
        for option in way:
            offers = [*self._values(option), *self._cleared(option)]
            mended[option] = next((o for o in offers if self.possible({**mended, option: o})), ())
        for option in way:
            others = {o: literals for o, literals in mended.items() if o != option}
            fit = [o[0] for o in self._values(option) if self.possible({**others, option: o})]
            to = self.known.options[option].named(fit) if fit else ()
            clear = any(self.possible({**others, option: o}) for o in self._cleared(option))
            yield OptionChange(option, to, clear or not to)

    def _values(self, option: str) -> list[Literals]:
        """The others that an option has, each claimed at the stage at which it is chosen."""
        domain = self.known.options.get(option)
        values = domain.literals if domain else ()
        return [self._at(option, x) for x in values if x not in self.choices[option]]

    def _cleared(self, option: str) -> list[Literals]:
        """What is claimed of an option that is cleared, if it is chosen."""
        if option not in self._selection.options:
            return []
        domain = self.known.options.get(option)
        return [(-domain.chosen,) if domain and self._whole else ()]

    def _claim(self, option: str, value: str) -> Literals:
        domain = self.known.options.get(option)
        if domain is None:
            return (NEVER,)
        limit = domain.option.text_limit
        if limit is not None and self._selection.lengths.get(option, 0) > limit:
            return (NEVER,)
        return self._at(option, domain.literal(value))

    def _at(self, option: str, literal: int) -> Literals:
        stages = self.known.at.get(option)
        if stages is None or option not in self._selection.options:
            return (literal,)
        own = self.known.options[option].option.stage
        return (literal, stages[self._selection.stages.get(option, own)])

    def _literals(self, choices: Choices, *further: int) -> list[int]:
        return [self._product, *chain.from_iterable(choices.values()), *further]

    def _ordered(self) -> list[str]:
        """The options of the choices in the order of the book, whatever theirs is."""
        unknown = sorted(self.choices.keys() - self.known.options.keys())
        return [o for o in self.known.options if o in self.choices] + unknown

    def _only(self, options: Sequence[str]) -> Choices:
        return {option: self.choices[option] for option in options}
