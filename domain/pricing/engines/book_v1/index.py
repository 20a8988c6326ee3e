"""The price rules of a book, indexed by one option that each of them needs.

So the time to find the rules for a line grows with what the line has chosen, not with the book.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from operator import attrgetter

from domain.book.book import PRODUCT, Book, PriceRule, Selection
from domain.book.cache import cached_per_book
from domain.pricing import refusals
from domain.pricing.request import Conditions

STEPS = (
    "base",
    "option",
    "combination",
    "parametric",
    "volume",
    "time",
    "capacity",
    "discount",
    "tax",
)
"""The kinds of price rules, in the order in which they are applied."""
BASE, OPTION = STEPS.index("base"), STEPS.index("option")
_WITH_TIERS = ("volume", "capacity")

TermValues = tuple[str, frozenset[str]]
"""A term of a rule: an option, and the values of which it has one; no values: any."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexedRule:
    """A price rule and what is derived from it.

    `step` is the index of its kind in `STEPS`; `order` is its place among all rules of the book.
    `other_terms` are its terms without the one that it is indexed by. `bounded` tells whether it
    also depends on the quantity or on conditions. Of the rules with the same `tier_group` only the
    one with the greatest `reach` applies.
    """

    rule: PriceRule
    step: int
    order: int
    other_terms: tuple[TermValues, ...]
    bounded: bool
    tier_group: Hashable
    reach: tuple[Decimal, ...]


class PriceIndex:
    """Finds the rules of a book that apply to a line."""

    def __init__(self, book: Book) -> None:
        self.book = f"{book.book} {book.version}"
        self.numeric_options = frozenset(o.option for o in book.options if o.range is not None)
        self._without_terms: list[IndexedRule] = []
        self._by_option: defaultdict[str, defaultdict[str | None, list[IndexedRule]]]
        self._by_option = defaultdict(lambda: defaultdict(list))
        for order, rule in enumerate(sorted(book.prices, key=lambda r: STEPS.index(r.step))):
            terms = _terms(rule)
            if not terms:
                self._without_terms.append(_indexed(rule, order, terms))
                continue
            # Most rules name the product, so another option leaves fewer rules to look at.
            key = max(terms, key=lambda t: (t[0] != PRODUCT, bool(t[1])))
            indexed = _indexed(rule, order, tuple(t for t in terms if t is not key))
            for value in key[1] or (None,):
                self._by_option[key[0]][value].append(indexed)

    def applicable(self, line: Selection, conditions: Conditions) -> list[IndexedRule]:
        """The rules that apply to a line, in the order in which they are applied.

        Raise NotAllowed where a rule depends on a condition that is not known.
        """
        choices = {**line.options, PRODUCT: line.product}
        candidates = [*self._without_terms]
        for option, value in choices.items():
            if by_value := self._by_option.get(option):
                candidates += by_value.get(value, ())
                candidates += by_value.get(None, ())
        rules = [
            rule
            for rule in candidates
            if (not rule.other_terms or _holds(rule.other_terms, choices))
            and (not rule.bounded or _within_bounds(rule.rule, line.quantity, conditions))
        ]
        rules.sort(key=attrgetter("order"))
        return _highest_tiers(rules)


price_index = cached_per_book(PriceIndex)


def tier_group(rule: PriceRule) -> Hashable:
    """The same value for rules that differ in nothing but their tier; None: a rule has no tiers."""
    bounds = (rule.from_quantity, rule.from_load, rule.within_days)
    bounded_by = tuple(bound is not None for bound in bounds)
    if not any(bounded_by) or rule.step not in _WITH_TIERS:
        return None
    return rule.step, frozenset(_terms(rule)), rule.starts, rule.ends, bounded_by


def _terms(rule: PriceRule) -> tuple[TermValues, ...]:
    terms = [(term.option, frozenset(term.values)) for term in rule.when]
    return (*terms, (rule.per, frozenset())) if rule.per is not None else tuple(terms)


def _indexed(rule: PriceRule, order: int, other_terms: tuple[TermValues, ...]) -> IndexedRule:
    bounds = (rule.starts, rule.ends, rule.from_quantity, rule.from_load, rule.within_days)
    return IndexedRule(
        rule=rule,
        step=STEPS.index(rule.step),
        order=order,
        other_terms=other_terms,
        bounded=any(bound is not None for bound in bounds),
        tier_group=tier_group(rule),
        reach=(
            Decimal(rule.from_quantity or 0),
            rule.from_load or Decimal(0),
            Decimal(-(rule.within_days or 0)),
        ),
    )


def _holds(terms: Iterable[TermValues], choices: Mapping[str, str]) -> bool:
    for option, values in terms:
        if option not in choices or (values and choices[option] not in values):
            return False
    return True


def _within_bounds(rule: PriceRule, quantity: int, conditions: Conditions) -> bool:
    load, lead_days = conditions.load, conditions.lead_days
    if rule.from_load is not None:
        if load is None:
            raise refusals.no_load(rule.rule_id)
        if load < rule.from_load:
            return False
    if rule.within_days is not None:
        if lead_days is None:
            raise refusals.no_lead_time(rule.rule_id)
        if lead_days >= rule.within_days:
            return False
    return (
        (rule.from_quantity is None or quantity >= rule.from_quantity)
        and (rule.starts is None or conditions.clock >= rule.starts)
        and (rule.ends is None or conditions.clock < rule.ends)
    )


def _highest_tiers(rules: list[IndexedRule]) -> list[IndexedRule]:
    """The rules without those of which a higher tier applies."""
    highest: dict[Hashable, IndexedRule] = {}
    for rule in [rule for rule in rules if rule.tier_group]:
        if rule.tier_group not in highest or rule.reach > highest[rule.tier_group].reach:
            highest[rule.tier_group] = rule
    return [rule for rule in rules if not rule.tier_group or highest[rule.tier_group] is rule]
