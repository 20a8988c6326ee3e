"""The car in the repository: real in size, as its generator makes it, and without a problem."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

from domain.configuration.constraint_problems import problems
from domain.configuration.constraints import check, complete
from infra.imports import catalogue
from tests.data.car import built, car

FILE = Path(catalogue.__file__).parent / "catalogues" / "car.yaml"


def test_the_file_is_what_the_generator_makes_and_has_no_problem() -> None:
    book, faults = catalogue.read(FILE.read_text())
    assert not faults
    assert book
    assert replace(book, version=1, effective_from=car().effective_from) == car()
    assert (len(book.options), len(book.constraints)) == (500, 2_000)
    assert not problems(book)


def test_cars_that_keep_the_rules_are_valid_and_a_random_part_breaks_them_mendably() -> None:
    dice, broken = random.Random(1), 0
    for car_built in built():
        assert check(car(), car_built, whole=True).valid
        part = dice.choice(
            [option for option in car().options if option.values and not option.products]
        )
        value = dice.choice(part.values)
        verdict = check(car(), replace(car_built, options=car_built.options | {part.option: value}))
        if verdict.conflict:
            broken += 1
            assert verdict.conflict.rules
            assert verdict.repairs
    assert broken > 5


def test_a_package_brings_its_parts() -> None:
    bare = built()[0]
    main = {o: v for o, v in bare.options.items() if " " not in o}
    packed = complete(car(), replace(bare, options=main | {"winter package": "plus"}))
    brought = packed.options.keys() - main.keys()
    assert len(brought) > 10
    assert all(option.startswith("winter") for option in brought)
    assert check(car(), packed).valid
