"""What is wrong with the constraints of a book: rules that cannot be meant, and what they rule out.

Found when a book is drafted, so that whoever configures by it always has a way on.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter
from itertools import combinations, product

from domain.book.book import PRODUCT, Book, BookProblem, Constraint, Option, Range, Term
from domain.configuration.encoding import number_of, offer
from domain.configuration.solvers import Solvers, solvers


def problems(book: Book) -> list[BookProblem]:
    """All of them; what rules do together is asked only where each can be meant.

    That options require each other in a circle is none: they come together, or not at all.
    """
    options = {option.option: option for option in (*book.options, offer(book))}
    meant = [_rule(rule, words) for rule in book.constraints for words in _meant(rule, options)]
    together = meant or [*_circle(book), *consistent(book)]
    return together or [*_dead(book), *_defaults(book)]


def consistent(book: Book) -> list[BookProblem]:
    """The products that cannot be made at all, with the rules that are in conflict."""
    asked = solvers(book)
    return [
        BookProblem(part="products", id=product, words=f"cannot be made: {_mend(rules)}")
        for product, literal in asked.encoding.product.by_name.items()
        if (rules := _forbidding(asked, [literal]))
    ]


def _meant(rule: Constraint, options: Mapping[str, Option]) -> Iterator[str]:
    """What is wrong with a rule by itself."""
    unknown = [words for t in rule.when + rule.then for words in _term(t, options)]
    yield from unknown
    if not rule.then:
        yield "speaks of nothing: name a term in `then`"
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
                    yield "leaves no stage to choose at: name one in `stages`"
                if any(term.option == PRODUCT for term in rule.then):
                    yield "binds the product to a stage, and it has none: name an option"


def _term(term: Term, options: Mapping[str, Option]) -> Iterator[str]:
    option = options.get(term.option)
    if option is None:
        yield f"speaks of {term.option}, which is no option: offer it, or mend the name"
        return
    for value in term.values:
        if option.range is None and value not in option.values:
            yield f"speaks of {value}, which is no value of {term.option}: offer it, or mend it"
        if option.range and not _inside(value, option.range):
            yield f"speaks of {value}, which is no number in the range of {term.option}: mend it"


def _inside(value: str, bounds: Range) -> bool:
    number = number_of(value)
    return number is not None and bounds.minimum <= number <= bounds.maximum


def _cardinality(rule: Constraint) -> Iterator[str]:
    if rule.at_least > len(rule.then):
        yield f"wants {rule.at_least} of {len(rule.then)} terms: lower `at_least`, or add terms"
    if rule.at_most is not None and rule.at_most < rule.at_least:
        yield f"wants at least {rule.at_least} and at most {rule.at_most}: nothing is both"
    if rule.at_least == 0 and rule.at_most is None:
        yield "bounds nothing: name `at_least` or `at_most`"


def _range(rule: Constraint, options: Mapping[str, Option]) -> Iterator[str]:
    own, wanted = options[rule.then[0].option].range, rule.range
    if len(rule.then) > 1 or own is None or wanted is None:
        yield "is over one parametric option of `then`, and names its `range`"
    elif wanted.minimum > wanted.maximum:
        yield "has an empty range: its minimum is above its maximum"
    elif wanted.unit != own.unit:
        yield f"is in {wanted.unit}, and the option in {own.unit}: say it in {own.unit}"
    elif wanted.maximum < own.minimum or own.maximum < wanted.minimum:
        yield "leaves nothing of the option's own range: let them overlap"


def _default(rule: Constraint) -> Iterator[str]:
    if len(rule.then) > 1 or len(rule.then[0].values) != 1 or rule.then[0].option == PRODUCT:
        yield "gives one option one value: name just these in `then`"


def _circle(book: Book) -> Iterator[BookProblem]:
    """The first circle of defaults, each of which sets off the next."""
    defaults = {rule.rule_id: rule for rule in book.constraints if rule.kind == "default"}
    waits = {
        later.rule_id: [r for r, rule in defaults.items() if _sets_off(rule.then[0], later.when)]
        for later in defaults.values()
    }
    try:
        TopologicalSorter(waits).prepare()
    except CycleError as error:
        first, *through = error.args[1][:-1]
        words = f"leads back to itself{_by(through)}: leave one of them out"
        yield _rule(defaults[first], words)


def _sets_off(given: Term, when: Iterable[Term]) -> bool:
    return any(
        term.option == given.option and (not term.values or given.values[0] in term.values)
        for term in when
    )


def _by(rules: list[str]) -> str:
    return f" by way of {', '.join(rules)}" if rules else ""


def _dead(book: Book) -> Iterator[BookProblem]:
    """Options and values that rules let nobody choose, whatever else is chosen."""
    asked = solvers(book)
    for name, domain in asked.encoding.options.items():
        at = asked.encoding.at.get(name)
        claims = [(x, at[domain.option.stage]) if at else (x,) for x in domain.literals]
        dead = {x: rules for x, *more in claims if (rules := _forbidding(asked, (x, *more)))}
        if dead and len(dead) == len(claims):
            words = f"can never be chosen: {_mend(next(iter(dead.values())))}"
            yield BookProblem(part="options", id=name, words=words)
        elif domain.option.range is None:
            for literal, rules in dead.items():
                words = f"can never be {domain.value(literal)}: {_mend(rules)}"
                yield BookProblem(part="options", id=name, words=words)


def _forbidding(asked: Solvers, claim: Sequence[int]) -> list[Constraint]:
    return [] if asked.possible(claim) else asked.forbidding(claim)


def _mend(rules: Sequence[Constraint]) -> str:
    return f"mend one of the constraints {', '.join(rule.rule_id for rule in rules)}"


def _defaults(book: Book) -> Iterator[BookProblem]:
    """Those that are never taken, and those of which two would be at once."""
    asked = solvers(book)
    of_option: dict[str, list[Constraint]] = {}
    for rule in book.constraints:
        if rule.kind == "default":
            of_option.setdefault(rule.then[0].option, []).append(rule)
            if not _together(asked, *rule.when, *rule.then):
                yield _rule(
                    rule, "can never be taken: other constraints forbid it, mend one of them"
                )
    for rules in of_option.values():
        for one, other in combinations(rules, 2):
            if one.then != other.then and _together(asked, *one.when, *other.when):
                words = f"contradicts {one.rule_id}: both can apply at once, let one of them"
                yield _rule(other, words)


def _together(asked: Solvers, *terms: Term) -> bool:
    """Whether all of them can hold at once."""
    known = asked.encoding
    ways = (known.literals(term) for term in terms)
    return any(asked.possible(way) for way in product(*ways))


def _rule(rule: Constraint, words: str) -> BookProblem:
    return BookProblem(part="constraints", id=rule.rule_id, words=words)
