"""A car of 500 options and 2,000 rules, the same for the same seed.

`python -m tests.data.car > infra/imports/catalogues/car.yaml` makes it.

The options are a market, an engine and a trim, on which many rules depend; equipment in lines
(sport, winter …) that is often bought together; and packages that include parts. Some cars are
built first, so that each value occurs in one of them; a rule is added only if all these cars keep
it. So every value can be bought, which is certain without a solver.
"""

from __future__ import annotations

import functools
import random
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

from domain.book.book import (
    PRODUCT,
    Book,
    Constraint,
    Option,
    PriceRule,
    Range,
    Selection,
    Term,
)
from infra.imports.catalogue import write
from tests.independent.configurations import is_kept

SEED, BUILT = 1886, 60
PRODUCTS = ("saloon", "estate", "coupe")
LINES = ("sport", "comfort", "winter", "touring", "business", "family", "city", "night", "eco",
         "track", "luxury")  # fmt: skip
PARTS = ("seats", "steering wheel", "mirrors", "headlights", "rear lights", "wheels", "tyres",
         "suspension", "brakes", "roof rails", "sunroof", "tow bar", "speakers", "display",
         "camera", "parking aid", "air conditioning", "carpets", "door sills", "pedals", "spoiler",
         "grille", "bumpers", "exhaust", "windows", "blinds", "armrest", "dashboard", "key",
         "alarm", "charger", "navigation", "cruise control", "lane assistant", "head-up display",
         "mats", "boot liner", "wipers", "horn", "pillar lining", "antenna",
         "clock", "hooks", "floor")  # fmt: skip
MAIN = {
    "market": ("de", "fr", "uk", "us", "cn", "jp"),
    "engine": ("petrol 1.5", "petrol 2.0", "diesel 2.0", "diesel 3.0", "hybrid", "electric"),
    "gearbox": ("manual", "automatic", "double clutch"),
    "drive": ("front", "rear", "all"),
    "paint": tuple(f"{tone} {hue}" for tone in ("light", "deep", "metallic", "matt")
                   for hue in ("grey", "blue", "red", "green")),
    "trim": ("cloth", "leather black", "leather brown", "leather white", "velvet", "wool"),
}  # fmt: skip
MEASURES = {"wheel size": (16, 22, "inch"), "ride height": (110, 190, "mm"),
            "seat rail": (180, 320, "mm"), "towed load": (0, 2500, "kg")}  # fmt: skip
Car = dict[str, str]


@functools.cache
def car(options: int = 500, rules: int = 2_000) -> Book:
    """The book of the car with so many options and rules."""
    offered, cars = _built(options)
    dice = random.Random(SEED + 1)
    return Book(
        book="car", version=1, currency="EUR", rounding="half_up", places=2, products=PRODUCTS,
        effective_from=datetime(2026, 1, 1, tzinfo=UTC), options=tuple(offered),
        constraints=tuple(_rules(rules, offered, cars, dice)),
        prices=tuple(_prices(offered, dice)),
    )  # fmt: skip


def built(options: int = 500) -> list[Selection]:
    """Cars that keep all rules of the book with so many options."""
    return [
        Selection(
            line_id=f"L{n}", product=values[PRODUCT], quantity=1,
            options={option: value for option, value in values.items() if option != PRODUCT},
        )
        for n, values in enumerate(_built(options)[1])
    ]  # fmt: skip


def _built(options: int) -> tuple[list[Option], list[Car]]:
    dice = random.Random(SEED)
    offered = list(_options(options, dice))
    return offered, [_car(n, offered, dice) for n in range(BUILT)]


def _options(count: int, dice: random.Random) -> Iterator[Option]:
    for name, values in MAIN.items():
        yield Option(option=name, label=name.capitalize(), stage="pre_manufacture", values=values)
    for name, (low, high, unit) in MEASURES.items():
        bounds = Range(minimum=Decimal(low), maximum=Decimal(high), unit=unit)
        yield Option(
            option=name, label=name.capitalize(), stage="pre_manufacture",
            choice_space="parametric", range=bounds,
        )  # fmt: skip
    for n in range(count - len(MAIN) - len(MEASURES)):
        line, index = LINES[n % len(LINES)], n // len(LINES)
        name = f"{line} {PARTS[index - 1] if index else 'package'}"
        everywhere = index == 0 or dice.random() < 0.8
        yield Option(
            option=name, label=name.capitalize(),
            stage=dice.choice(("pre_manufacture",) * 4 + ("packaging", "delivery")),
            values=("basic", "plus", "premium", "signature")[: dice.randint(2, 4)],
            products=() if everywhere else tuple(dice.sample(PRODUCTS, 2)),
        )  # fmt: skip


def _car(n: int, offered: list[Option], dice: random.Random) -> Car:
    """A car with no, little or much equipment of each line; few parts differ from their line."""
    level = {line: dice.randrange(5) for line in LINES}
    values: Car = {PRODUCT: PRODUCTS[n % len(PRODUCTS)]}
    for index, option in enumerate(offered):
        name, choices = option.option, option.values
        if option.range:
            values[name] = str(dice.randint(int(option.range.minimum), int(option.range.maximum)))
        elif name in MAIN:
            first = choices[(n + index) % len(choices)]
            values[name] = first if n < len(choices) else dice.choice(choices)
        elif not option.products or values[PRODUCT] in option.products:
            line_level = level[name.split()[0]]
            usual = choices[min(line_level, len(choices)) - 1]
            if line_level:
                values[name] = usual if dice.random() < 0.96 else dice.choice(choices)
            elif dice.random() < 0.03:
                values[name] = dice.choice(choices)
    return values


def _rules(
    count: int, offered: list[Option], cars: list[Car], dice: random.Random
) -> Iterator[Constraint]:
    """Rules proposed at random, as far as all cars keep them; the main options are required."""
    rules: dict[str, Constraint] = {}
    kinds = {_needs: 35, _bars: 45, _counts: 6, _measures: 4, _defaults: 8, _stages: 2}
    stages = {option.option: option.stage for option in offered}
    for option in offered[: len(MAIN)]:
        words = f"Every car has one {option.option}."
        rules[words] = Constraint(
            rule_id="R1", words=words, kind="requires", then=(Term(option=option.option),)
        )
    defaulted: set[str] = set()
    while len(rules) < count:
        [propose] = dice.choices(list(kinds), list(kinds.values()))
        rule = propose(offered, dice)
        if rule.words in rules or not all(is_kept(rule, car, stages) for car in cars):
            continue
        if rule.kind == "default":
            if rule.then[0].option in defaulted:
                continue
            defaulted.add(rule.then[0].option)
        rules[rule.words] = rule
    return (replace(rule, rule_id=f"R{n}") for n, rule in enumerate(rules.values(), 1))


def _two(offered: list[Option], dice: random.Random) -> tuple[Option, Option]:
    """Two options with listed values, more often than not of one line."""
    one, other = dice.sample([o for o in offered if o.values], 2)
    if dice.random() < 0.6:
        line = one.option.split()[0]
        same = [o for o in offered if o.option.split()[0] == line and o is not one and o.values]
        other = dice.choice(same or [other])
    return one, other


def _needs(offered: list[Option], dice: random.Random) -> Constraint:
    one, other = _two(offered, dice)
    value = dice.choice(one.values)
    needed = tuple(sorted(dice.sample(other.values, dice.randint(1, len(other.values)))))
    return Constraint(
        rule_id="", kind="requires", when=(Term(option=one.option, values=(value,)),),
        then=(Term(option=other.option, values=needed),),
        words=f"{one.label} in {value} needs {other.option} in {' or '.join(needed)}.",
    )  # fmt: skip


def _bars(offered: list[Option], dice: random.Random) -> Constraint:
    one, other = _two(offered, dice)
    value, barred = dice.choice(one.values), dice.choice(other.values)
    return Constraint(
        rule_id="", kind="excludes", when=(Term(option=one.option, values=(value,)),),
        then=(Term(option=other.option, values=(barred,)),),
        words=f"{one.label} in {value} does not go with {other.option} in {barred}.",
    )  # fmt: skip


def _counts(offered: list[Option], dice: random.Random) -> Constraint:
    some = dice.sample(offered[len(MAIN) + len(MEASURES) :], dice.randint(4, 12))
    most = dice.randint(2, len(some) - 1)
    return Constraint(
        rule_id="", kind="cardinality", at_most=most,
        then=tuple(Term(option=o.option, values=(o.values[-1],)) for o in some),
        words=f"At most {most} of these in their best kind: {', '.join(o.option for o in some)}.",
    )  # fmt: skip


def _measures(offered: list[Option], dice: random.Random) -> Constraint:
    one, _ = _two(offered, dice)
    measured = dice.choice([o for o in offered if o.range])
    assert measured.range
    value, whole = dice.choice(one.values), measured.range
    eighth = (whole.maximum - whole.minimum) // 8 or 1
    bounds = Range(
        minimum=whole.minimum + eighth * dice.randint(0, 2),
        maximum=whole.maximum - eighth * dice.randint(0, 2),
        unit=whole.unit,
    )
    return Constraint(
        rule_id="", kind="range", range=bounds, when=(Term(option=one.option, values=(value,)),),
        then=(Term(option=measured.option),),
        words=f"With {one.option} in {value} the {measured.option} is {bounds.minimum} to "
        f"{bounds.maximum} {bounds.unit}.",
    )  # fmt: skip


def _defaults(offered: list[Option], dice: random.Random) -> Constraint:
    """Only a package sets parts by default, and no part sets a package, so there is no cycle."""
    part = dice.choice(offered[len(MAIN) + len(MEASURES) :])
    package, value = f"{part.option.split()[0]} package", dice.choice(part.values)
    if part.option == package:
        return _bars(offered, dice)
    return Constraint(
        rule_id="", kind="default", when=(Term(option=package),),
        then=(Term(option=part.option, values=(value,)),),
        words=f"The {package} comes with {part.option} in {value}.",
    )  # fmt: skip


def _stages(offered: list[Option], dice: random.Random) -> Constraint:
    one, other = _two(offered, dice)
    return Constraint(
        rule_id="", kind="stage", when=(Term(option=one.option),),
        then=(Term(option=other.option),), stages=("pre_manufacture", "packaging"),
        words=f"With {one.option}, {other.option} must be chosen before the car is shipped.",
    )  # fmt: skip


def _prices(offered: list[Option], dice: random.Random) -> Iterator[PriceRule]:
    for n, product in enumerate(PRODUCTS):
        yield PriceRule(
            rule_id=f"base {product}", words=f"A {product}.", step="base",
            when=(Term(option=PRODUCT, values=(product,)),), amount=Decimal(31_000 + 4_500 * n),
        )  # fmt: skip
    for option in offered[len(MAIN) + len(MEASURES) :]:
        yield PriceRule(
            rule_id=f"with {option.option}", words=f"{option.label}.", step="option",
            when=(Term(option=option.option),), amount=Decimal(dice.randint(4, 180) * 10),
        )  # fmt: skip


if __name__ == "__main__":
    sys.stdout.write(write(car()))
