"""A book's price rules by what a line must have chosen, so that cost follows the order."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from operator import attrgetter
from typing import get_args

from domain.book.book import PRODUCT, Book, PriceRule, Selection, Step
from domain.book.cache import once
from domain.errors import NotAllowed

STEPS: tuple[Step, ...] = get_args(Step)
BASE, OPTION = STEPS.index("base"), STEPS.index("option")
_Term = tuple[str, frozenset[str]]
_PLACE = attrgetter("place")
_LADDERS = ("volume", "capacity")


@dataclass(frozen=True, slots=True, kw_only=True)
class Conditions:
    """What else a price depends on.

    When it is asked; how busy we are, 0 to 1 and over; in how many days it is wanted; and how much
    of the book's currency a unit of each foreign one is worth.
    """

    clock: datetime
    load: Decimal | None = None
    lead_days: int | None = None
    rates: Mapping[str, Decimal] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Indexed:
    """A rule, made ready: `place` is its turn; of a `ladder` only the furthest one speaks.

    `further` are its terms but the one that it is found by.
    """

    rule: PriceRule
    step: int
    place: int
    further: tuple[_Term, ...]
    bounded: bool
    ladder: Hashable
    far: tuple[Decimal, ...]


class PriceIndex:
    """Rules by an option and a value that they need; those that need none are asked always."""

    def __init__(self, book: Book) -> None:
        self.name = f"{book.book} {book.version}"
        self.numbers = frozenset(o.option for o in book.options if o.range is not None)
        self._always: list[Indexed] = []
        self._by_option: defaultdict[str, defaultdict[str | None, list[Indexed]]]
        self._by_option = defaultdict(lambda: defaultdict(list))
        for place, rule in enumerate(sorted(book.prices, key=lambda r: STEPS.index(r.step))):
            terms = _terms(rule)
            if not terms:
                self._always.append(_indexed(rule, place, terms))
                continue
            # The product is what most rules name: another option tells them apart better.
            by = max(terms, key=lambda t: (t[0] != PRODUCT, bool(t[1])))
            indexed = _indexed(rule, place, tuple(t for t in terms if t is not by))
            for value in by[1] or (None,):
                self._by_option[by[0]][value].append(indexed)

    def speaking(self, selection: Selection, conditions: Conditions) -> list[Indexed]:
        """The rules that speak of a line, in their order."""
        chosen = {**selection.options, PRODUCT: selection.product}
        named = [*self._always]
        for option, value in chosen.items():
            if rules := self._by_option.get(option):
                named += rules.get(value, ())
                named += rules.get(None, ())
        found = [
            rule
            for rule in named
            if (not rule.further or _holds(rule.further, chosen))
            and (not rule.bounded or _reached(rule.rule, selection.quantity, conditions))
        ]
        found.sort(key=_PLACE)
        return _furthest(found)


price_index = once(PriceIndex)


def ladder(rule: PriceRule) -> Hashable:
    """What the rules have in common of which only the furthest speaks; None: it has no others."""
    reach = (rule.from_quantity, rule.from_load, rule.within_days)
    named = tuple(bound is not None for bound in reach)
    if not any(named) or rule.step not in _LADDERS:
        return None
    return rule.step, frozenset(_terms(rule)), rule.starts, rule.ends, named


def _terms(rule: PriceRule) -> tuple[_Term, ...]:
    terms = [(term.option, frozenset(term.values)) for term in rule.when]
    return (*terms, (rule.per, frozenset())) if rule.per is not None else tuple(terms)


def _indexed(rule: PriceRule, place: int, further: tuple[_Term, ...]) -> Indexed:
    bounds = (rule.starts, rule.ends, rule.from_quantity, rule.from_load, rule.within_days)
    return Indexed(
        rule=rule,
        step=STEPS.index(rule.step),
        place=place,
        further=further,
        bounded=any(bound is not None for bound in bounds),
        ladder=ladder(rule),
        far=(
            Decimal(rule.from_quantity or 0),
            rule.from_load or Decimal(0),
            Decimal(-(rule.within_days or 0)),
        ),
    )


def _holds(terms: Iterable[_Term], chosen: Mapping[str, str]) -> bool:
    for option, values in terms:
        if option not in chosen or (values and chosen[option] not in values):
            return False
    return True


def _reached(rule: PriceRule, quantity: int, conditions: Conditions) -> bool:
    """Raises NotAllowed where what the rule asks for is not known."""
    load, lead_days = conditions.load, conditions.lead_days
    if rule.from_load is not None:
        if load is None:
            raise NotAllowed(
                f"rule {rule.rule_id} prices by how busy we are: name the load, 0 to 1 and over",
                "load",
            )
        if load < rule.from_load:
            return False
    if rule.within_days is not None:
        if lead_days is None:
            raise NotAllowed(
                f"rule {rule.rule_id} prices by the lead time: name the days until delivery",
                "lead_days",
            )
        if lead_days >= rule.within_days:
            return False
    return (
        (rule.from_quantity is None or quantity >= rule.from_quantity)
        and (rule.starts is None or conditions.clock >= rule.starts)
        and (rule.ends is None or conditions.clock < rule.ends)
    )


def _furthest(rules: list[Indexed]) -> list[Indexed]:
    """Without the rules of which another one of their ladder reaches further."""
    best: dict[Hashable, Indexed] = {}
    for rule in [rule for rule in rules if rule.ladder]:
        if rule.ladder not in best or rule.far > best[rule.ladder].far:
            best[rule.ladder] = rule
    return [rule for rule in rules if not rule.ladder or best[rule.ladder] is rule]
