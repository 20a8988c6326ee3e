"""Problems of the constraints of a drafted book: rules without a meaning, and what they rule out.

A book without problems always leaves its customers a choice.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter

from domain.book.book import PRODUCT, Book, BookProblem, Constraint, Option, Range, Term
from domain.configuration.encoding import parse_number, product_option
from domain.configuration.solvers import Solvers, solvers


def problems(book: Book) -> list[BookProblem]:
    """All problems of single rules; if there are none, those of rules together.

    Later checks run only if earlier ones find nothing: a rule about an unknown option cannot be
    encoded, and if a product is impossible every choice of it is, which would list one mistake many
    times. Options that require each other in a circle are no problem: they are chosen together or
    not at all.
    """
    options = {option.option: option for option in (*book.options, product_option(book))}
    single = [
        _problem(rule, message)
        for rule in book.constraints
        for message in _single_rule(rule, options)
    ]
    blocking = single or [*_circular_defaults(book), *impossible_products(book)]
    return blocking or [*_impossible_choices(book), *_impossible_defaults(book)]


def impossible_products(book: Book) -> list[BookProblem]:
    """The products that cannot be made at all, with the constraints that are in conflict."""
    book_solvers = solvers(book)
    return [
        BookProblem(part="products", id=name, message=f"cannot be made: {_correct_one_of(rules)}")
        for name, literal in book_solvers.encoding.product.by_value.items()
        if (rules := _forbidding_rules(book_solvers, [literal]))
    ]


def _single_rule(rule: Constraint, options: Mapping[str, Option]) -> Iterator[str]:
    """What is wrong with a rule by itself."""
    unknown = [message for t in rule.when + rule.then for message in _term(t, options)]
    yield from unknown
    if not rule.then:
        yield "has no terms in `then`: add one"
    elif not unknown:
        match rule.kind:
            case "cardinality":
                yield from _cardinality(rule)
            case "range":
                yield from _range(rule, options)
            case "default":
                yield from _default(rule)
            case "stage":
                if not rule.stages:
                    yield "allows no stage: add one to `stages`"
                if any(term.option == PRODUCT for term in rule.then):
                    yield "has the product in `then`, which has no stage: name an option"


def _term(term: Term, options: Mapping[str, Option]) -> Iterator[str]:
    option = options.get(term.option)
    if option is None:
        yield f"mentions {term.option}, which is not an option: add it, or correct the name"
        return
    for value in term.values:
        if option.range is None and value not in option.values:
            yield (
                f"mentions {value}, which is not a value of {term.option}: "
                "add it, or correct the name"
            )
        if option.range and not _inside(value, option.range):
            yield (
                f"mentions {value}, which is not a number in the range of {term.option}: correct it"
            )


def _inside(value: str, bounds: Range) -> bool:
    number = parse_number(value)
    return number is not None and bounds.minimum <= number <= bounds.maximum


def _cardinality(rule: Constraint) -> Iterator[str]:
    if rule.at_least > len(rule.then):
        yield f"needs {rule.at_least} of {len(rule.then)} terms: lower `at_least`, or add terms"
    if rule.at_most is not None and rule.at_most < rule.at_least:
        yield f"needs at least {rule.at_least} and at most {rule.at_most} terms: correct one"
    if rule.at_least == 0 and rule.at_most is None:
        yield "has no bound: give `at_least` or `at_most`"


def _range(rule: Constraint, options: Mapping[str, Option]) -> Iterator[str]:
    own, allowed = options[rule.then[0].option].range, rule.range
    if len(rule.then) > 1 or own is None or allowed is None:
        yield "must have one parametric option in `then`, and a `range`: correct it"
    elif allowed.minimum > allowed.maximum:
        yield "has an empty range, its minimum is above its maximum: correct one of them"
    elif allowed.unit != own.unit:
        yield f"is in {allowed.unit}, but the option is in {own.unit}: write it in {own.unit}"
    elif allowed.maximum < own.minimum or own.maximum < allowed.minimum:
        yield (
            f"has a range that does not overlap the range of {rule.then[0].option}: "
            "change one of them"
        )


def _default(rule: Constraint) -> Iterator[str]:
    if len(rule.then) > 1 or len(rule.then[0].values) != 1 or rule.then[0].option == PRODUCT:
        yield "must have one option with one value in `then`: correct it"


def _circular_defaults(book: Book) -> Iterator[BookProblem]:
    """The first circle of defaults in which each makes the next apply."""
    defaults = {rule.rule_id: rule for rule in book.constraints if rule.kind == "default"}
    predecessors = {
        later.rule_id: [r for r, rule in defaults.items() if _triggers(rule.then[0], later.when)]
        for later in defaults.values()
    }
    try:
        TopologicalSorter(predecessors).prepare()
    except CycleError as error:
        circle = error.args[1][:-1]
        yield _problem(
            defaults[circle[0]],
            "has its own `then` as a condition: change `when`"
            if len(circle) == 1
            else f"the defaults {', '.join(circle)} set each other off in a circle: "
            "remove one of them, or change its `when`",
        )


def _triggers(value: Term, when: Iterable[Term]) -> bool:
    """Whether the value that a default gives is one that these conditions mention."""
    return any(
        term.option == value.option and (not term.values or value.values[0] in term.values)
        for term in when
    )


def _impossible_choices(book: Book) -> Iterator[BookProblem]:
    """Options and values that cannot be chosen, whatever else is chosen."""
    book_solvers = solvers(book)
    for name, variables in book_solvers.encoding.options.items():
        stages = book_solvers.encoding.stages.get(name)
        claims = [
            (x, stages[variables.option.stage]) if stages else (x,) for x in variables.literals
        ]
        impossible = {
            claim[0]: rules for claim in claims if (rules := _forbidding_rules(book_solvers, claim))
        }
        if impossible and len(impossible) == len(claims):
            rules = next(iter(impossible.values()))
            message = f"can never be chosen: {_correct_one_of(rules)}"
            yield BookProblem(part="options", id=name, message=message)
        elif variables.option.range is None:
            for literal, rules in impossible.items():
                message = f"can never be {variables.value(literal)}: {_correct_one_of(rules)}"
                yield BookProblem(part="options", id=name, message=message)


def _forbidding_rules(book_solvers: Solvers, literals: Sequence[int]) -> list[Constraint]:
    """The constraints that forbid the literals; none if they are possible."""
    return [] if book_solvers.is_possible(literals) else book_solvers.forbidding_rules(literals)


def _correct_one_of(rules: Sequence[Constraint]) -> str:
    return f"correct one of the constraints {', '.join(rule.rule_id for rule in rules)}"


def _impossible_defaults(book: Book) -> Iterator[BookProblem]:
    """Defaults that can never apply, and pairs that can give one option two values."""
    book_solvers = solvers(book)
    by_option: dict[str, list[Constraint]] = {}
    for rule in book.constraints:
        if rule.kind == "default":
            by_option.setdefault(rule.then[0].option, []).append(rule)
            terms = (*rule.when, *rule.then)
            if not _can_hold(book_solvers, *terms):
                forbidding = _forbidding_rules(
                    book_solvers, next(_alternatives(book_solvers, terms))
                )
                yield _problem(
                    rule,
                    f"can never apply: {_correct_one_of(forbidding)}"
                    if forbidding
                    else "can never apply, its `when` and `then` exclude each other: correct them",
                )
    for rules in by_option.values():
        for one, other in itertools.combinations(rules, 2):
            if one.then != other.then and _can_hold(book_solvers, *one.when, *other.when):
                yield _problem(
                    other,
                    f"gives {other.then[0].option} another value than {one.rule_id}, and both can "
                    "apply: make their `when` exclude each other",
                )


def _can_hold(book_solvers: Solvers, *terms: Term) -> bool:
    """Whether all of the terms can hold at once."""
    return any(
        book_solvers.is_possible(literals) for literals in _alternatives(book_solvers, terms)
    )


def _alternatives(book_solvers: Solvers, terms: Iterable[Term]) -> Iterator[tuple[int, ...]]:
    """Every way in which all of the terms can hold: a literal for each term."""
    return itertools.product(*map(book_solvers.encoding.literals, terms))


def _problem(rule: Constraint, message: str) -> BookProblem:
    return BookProblem(part="constraints", id=rule.rule_id, message=message)
