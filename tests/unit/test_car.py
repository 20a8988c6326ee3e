"""The catalogue of a car: of realistic size, as its generator writes it, and without problems."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

from domain.configuration.constraint_problems import problems
from domain.configuration.constraints import check, with_defaults
from infra.imports import catalogue
from tests.data.car import built, car

FILE = Path(catalogue.__file__).parent / "catalogues" / "car.yaml"


def test_the_file_is_what_the_generator_writes_and_has_no_problems() -> None:
    book, file_problems = catalogue.read(FILE.read_text())
    assert not file_problems
    assert book
    assert replace(book, version=1, effective_from=car().effective_from) == car()
    assert (len(book.options), len(book.constraints)) == (500, 2_000)
    assert not problems(book)


def test_valid_cars_are_valid_and_a_random_change_that_breaks_rules_can_be_repaired() -> None:
    dice, conflicts = random.Random(1), 0
    for car_built in built():
        assert check(car(), car_built, whole=True).valid
        part = dice.choice(
            [option for option in car().options if option.values and not option.products]
        )
        value = dice.choice(part.values)
        verdict = check(car(), replace(car_built, options=car_built.options | {part.option: value}))
        if verdict.conflict:
            conflicts += 1
            assert verdict.conflict.rules
            assert verdict.repairs
    assert conflicts > 5


def test_a_package_adds_its_parts() -> None:
    bare = built()[0]
    main = {o: v for o, v in bare.options.items() if " " not in o}
    packed = with_defaults(car(), replace(bare, options=main | {"winter package": "plus"}))
    added = packed.options.keys() - main.keys()
    assert len(added) > 10
    assert all(option.startswith("winter") for option in added)
    assert check(car(), packed).valid
