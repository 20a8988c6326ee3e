"""What is wrong with the price rules of a book: all of it, before it is drafted."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from itertools import combinations

from domain.book.book import PRODUCT, Book, BookProblem, Option, PriceRule, Term
from domain.pricing.engines import CURRENT, given_v1

_RESERVED = (CURRENT.INSTRUCTION, given_v1.RULE)
_BOUNDS = {
    "volume": ("from_quantity",),
    "time": ("starts", "ends"),
    "capacity": ("from_load", "within_days"),
}
_ALL_BOUNDS = tuple(bound for bounds in _BOUNDS.values() for bound in bounds)
_NEVER_LESS = ("base", "parametric", "capacity", "tax")
_WHOLE = Decimal(1)
_LIKELY = Decimal(5)


def problems(book: Book) -> list[BookProblem]:
    """In the order of the rules; what no rule has stands at the product that lacks it."""
    options = {option.option: option for option in book.options}
    found = [
        BookProblem(part="prices", id=rule.rule_id, words=words)
        for rule in book.prices
        for words in (*_terms(book, options, rule), *_money(rule), *_step(rule, options))
    ]
    return [*found, *_both(book), *_unpriced(book)]


def _terms(book: Book, options: dict[str, Option], rule: PriceRule) -> Iterator[str]:
    for term in rule.when:
        if term.option == PRODUCT:
            known, called = book.products, "product"
        elif term.option in options:
            known, called = options[term.option].values, f"value of {term.option}"
        else:
            yield f"speaks of {term.option}, which is no option: add it, or mend the name"
            continue
        for value in term.values:
            if value not in known:
                yield f"speaks of {value}, which is no {called}: add it, or mend the name"


def _money(rule: PriceRule) -> Iterator[str]:
    if rule.rule_id in _RESERVED:
        yield "has a name that traces use for what no rule says: choose another"
    if rule.amount is None and rule.share is None:
        yield "adds nothing: give it an amount or a share"
    if rule.amount is not None and rule.share is not None:
        yield "has an amount and a share: make two rules of it"
    said = rule.amount if rule.amount is not None else rule.share
    if rule.step in _NEVER_LESS and said is not None and said < 0:
        yield f"is a negative price: what lowers one is a rule of another step than {rule.step}"
    if rule.step == "discount" and said is not None and said > 0:
        yield f"raises the price: a discount is negative, {-said}"
    if rule.share is not None and rule.share < -_WHOLE:
        yield "takes off more than 100 %: a share of -1 is all of it"
    if rule.share is not None and rule.share > _LIKELY:
        yield "is more than 500 %: a share of 0.19 is 19 %"
    if (rule.cost is not None and rule.cost < 0) or rule.free < 0:
        yield "has a negative cost or free part: leave it out"
    if rule.currency is not None and rule.amount is None:
        yield f"is in {rule.currency} and has no amount: a share has no currency"


def _step(rule: PriceRule, options: dict[str, Option]) -> Iterator[str]:
    if rule.step == "base" and rule.share is not None:
        yield "is a share of nothing: a base price is an amount"
    if rule.step == "base" and any(getattr(rule, bound) is not None for bound in _ALL_BOUNDS):
        yield "is a base price with a bound: put the bound into a volume, time or capacity rule"
    wanted = _BOUNDS.get(rule.step, ())
    if wanted and all(getattr(rule, bound) is None for bound in wanted):
        yield f"is a {rule.step} rule without {' or '.join(wanted)}: name one"
    if rule.starts and rule.ends and rule.starts >= rule.ends:
        yield "ends before it starts: swap them"
    if (rule.step == "parametric") != (rule.per is not None):
        yield "counts something exactly if it is parametric: name `per`, or another step"
    if rule.per is None:
        return
    counted = options.get(rule.per)
    if counted is None:
        yield f"counts {rule.per}, which is no option: add it, or mend the name"
    elif counted.range is None and counted.text_limit is None:
        yield f"counts {rule.per}, which has neither a number nor a text"


def _both(book: Book) -> Iterator[BookProblem]:
    """Rules of which at most one may speak."""
    bases = [rule for rule in book.prices if rule.step == "base"]
    for one, other in combinations(bases, 2):
        if _together(one.when, other.when):
            words = f"speaks of the same lines as {one.rule_id}: a line has one base price"
            yield BookProblem(part="prices", id=other.rule_id, words=words)
    reached: dict[object, str] = {}
    for rule in book.prices:
        key = CURRENT.tier_group(rule)
        if key is None:
            continue
        bound = (key, rule.from_quantity, rule.from_load, rule.within_days)
        if bound in reached:
            words = f"begins where {reached[bound]} does: only one of them can speak"
            yield BookProblem(part="prices", id=rule.rule_id, words=words)
        reached.setdefault(bound, rule.rule_id)


def _together(one: tuple[Term, ...], other: tuple[Term, ...]) -> bool:
    """Whether some line meets all of the terms, whatever the constraints say."""
    values: dict[str, set[str]] = {}
    for term in (*one, *other):
        if term.values:
            left = values.setdefault(term.option, set(term.values))
            left &= set(term.values)
    return all(values.values())


def _unpriced(book: Book) -> Iterator[BookProblem]:
    bases = [rule.when for rule in book.prices if rule.step == "base"]
    for product in book.products:
        wanted = (Term(option=PRODUCT, values=(product,)),)
        if not any(_together(when, wanted) for when in bases):
            words = "has no base price: add a base rule for it"
            yield BookProblem(part="products", id=product, words=words)
