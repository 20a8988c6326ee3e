"""Problems of the price rules of a drafted book."""

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
_NEVER_NEGATIVE = ("base", "parametric", "capacity", "tax")
_WHOLE = Decimal(1)
_LARGEST_SHARE = Decimal(5)


def problems(book: Book) -> list[BookProblem]:
    """In the order of the rules; what no rule has is a problem of the product that lacks it."""
    options = {option.option: option for option in book.options}
    single = [
        BookProblem(part="prices", id=rule.rule_id, message=message)
        for rule in book.prices
        for message in (*_terms(book, options, rule), *_money(rule), *_step(rule, options))
    ]
    return [*single, *_overlapping(book), *_without_base_price(book)]


def _terms(book: Book, options: dict[str, Option], rule: PriceRule) -> Iterator[str]:
    for term in rule.when:
        if term.option == PRODUCT:
            values, kind = book.products, "product"
        elif term.option in options:
            values, kind = options[term.option].values, f"value of {term.option}"
        else:
            yield f"mentions {term.option}, which is not an option: add it, or correct the name"
            continue
        for value in term.values:
            if value not in values:
                yield f"mentions {value}, which is not a {kind}: add it, or correct the name"


def _money(rule: PriceRule) -> Iterator[str]:
    if rule.rule_id in _RESERVED:
        yield "has an id that traces use for amounts without a rule: choose another"
    if rule.amount is None and rule.share is None:
        yield "has neither an amount nor a share: give one"
    if rule.amount is not None and rule.share is not None:
        yield "has an amount and a share: make two rules of it"
    money = rule.amount if rule.amount is not None else rule.share
    if rule.step in _NEVER_NEGATIVE and money is not None and money < 0:
        yield f"is negative, which a {rule.step} rule must not be: use a rule of another step"
    if rule.step == "discount" and money is not None and money > 0:
        yield f"raises the price: a discount is negative, {-money}"
    if rule.share is not None and rule.share < -_WHOLE:
        yield "takes off more than 100 %: a share of -1 is all of it"
    if rule.share is not None and rule.share > _LARGEST_SHARE:
        yield "is more than 500 %: a share of 0.19 is 19 %"
    if (rule.cost is not None and rule.cost < 0) or rule.free < 0:
        yield "has a negative `cost` or `free`: leave it out"
    if rule.currency is not None and rule.amount is None:
        yield f"is in {rule.currency} and has no amount: a share has no currency"


def _step(rule: PriceRule, options: dict[str, Option]) -> Iterator[str]:
    if rule.step == "base" and rule.share is not None:
        yield "is a share of nothing: a base price is an amount"
    if rule.step == "base" and any(getattr(rule, bound) is not None for bound in _ALL_BOUNDS):
        yield "is a base price with a bound: move the bound to a volume, time or capacity rule"
    bounds = _BOUNDS.get(rule.step, ())
    if bounds and all(getattr(rule, bound) is None for bound in bounds):
        yield f"is a {rule.step} rule without {' or '.join(bounds)}: give one"
    if rule.starts and rule.ends and rule.starts >= rule.ends:
        yield "ends before it starts: swap them"
    if (rule.step == "parametric") != (rule.per is not None):
        yield "must have `per` if it is parametric, and only then"
    if rule.per is None:
        return
    counted = options.get(rule.per)
    if counted is None:
        yield f"counts {rule.per}, which is not an option: add it, or correct the name"
    elif counted.range is None and counted.text_limit is None:
        yield f"counts {rule.per}, which has neither a number nor a text"


def _overlapping(book: Book) -> Iterator[BookProblem]:
    """Rules of which at most one may apply to a line, and that can apply together."""
    bases = [rule for rule in book.prices if rule.step == "base"]
    for one, other in combinations(bases, 2):
        if _can_meet(one.when, other.when):
            message = f"applies to the same lines as {one.rule_id}: a line has one base price"
            yield BookProblem(part="prices", id=other.rule_id, message=message)
    first_of: dict[object, str] = {}
    for rule in book.prices:
        group = CURRENT.tier_group(rule)
        if group is None:
            continue
        tier = (group, rule.from_quantity, rule.from_load, rule.within_days)
        if tier in first_of:
            message = f"has the same bound as {first_of[tier]}: only one of them can apply"
            yield BookProblem(part="prices", id=rule.rule_id, message=message)
        first_of.setdefault(tier, rule.rule_id)


def _can_meet(one: tuple[Term, ...], other: tuple[Term, ...]) -> bool:
    """Whether a line can meet all of the terms, leaving the constraints aside."""
    values: dict[str, set[str]] = {}
    for term in (*one, *other):
        if term.values:
            common = values.setdefault(term.option, set(term.values))
            common &= set(term.values)
    return all(values.values())


def _without_base_price(book: Book) -> Iterator[BookProblem]:
    bases = [rule.when for rule in book.prices if rule.step == "base"]
    for product in book.products:
        of_product = (Term(option=PRODUCT, values=(product,)),)
        if not any(_can_meet(when, of_product) for when in bases):
            message = "has no base price: add a base rule for it"
            yield BookProblem(part="products", id=product, message=message)
