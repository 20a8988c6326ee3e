"""What rules make of a customer's own words: the wishes that are there, and no other."""

from __future__ import annotations

import random
import time
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.book.book import Book, Phrase
from domain.free_text.interpretation import Meaning
from domain.free_text.phrase_problems import problems
from domain.free_text.reading import MOST, priced, read
from tests.unit.log import T0


def phrase(operation, *words, **more):
    return Phrase(words=words, operations=(operation,), **more)


BURGERS = (
    phrase("extra-patty", "extra patty", "double patty", amount=Decimal("2.50")),
    phrase("no-onion", "no onions"),
    phrase("no-pickle", "no pickles"),
    phrase("add-onion", "onions", amount=Decimal("0.30")),
    phrase("add-rings", "onion rings", amount=Decimal("1.20")),
    phrase("less-sugar", "not too sweet", "less sugar", confidence=0.9),
    phrase("jalapeno", "extra jalapeños", amount=Decimal("0.80")),
)


def operations(text):
    return [o for m in read(text, BURGERS).meanings for o in m.operations]


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("Extra PATTY, no onions!", ["extra-patty", "no-onion"]),
        ("I would like a patty extra, please", ["extra-patty"]),
        ("double patties", ["extra-patty"]),
        ("without onion; extra patty", ["no-onion", "extra-patty"]),
        ("hold the onions extra patty", ["no-onion", "extra-patty"]),
        ("Don’t make it too sweet", ["less-sugar"]),
        ("no onions or pickles", ["no-onion", "no-pickle"]),
        ("w/o pickles & extra jalapenos", ["no-pickle", "jalapeno"]),
        ("onion rings", ["add-rings"]),
        ("no pickles but onions", ["no-pickle", "add-onion"]),
        ("extra patty. Extra patty!", ["extra-patty"]),
    ],
)
def test_wishes_are_understood_however_they_are_put(text, meant):
    said = read(text, BURGERS)
    assert operations(text) == meant
    assert said.understood == 1.0
    assert said.confidence == (0.9 if "less-sugar" in meant else 1.0)


@pytest.mark.parametrize(
    ("text", "meant", "understood"),
    [
        ("gherkin juice", [], 0.0),
        ("", [], 0.0),
        ("please!", [], 0.0),
        ("no extra patty", [], 0.0),
        ("no mayo extra patty", [], 0.0),
        ("two extra patties", ["extra-patty"], 2 / 3),
        ("extra crispy patty", [], 0.0),
        ("too sweet", [], 0.0),
        ("no onions and pickles", ["no-onion"], 2 / 3),
        ("no pickles, onions", ["no-pickle"], 2 / 3),
        ("no onion rings", ["no-onion"], 2 / 3),
    ],
)
def test_what_leaves_a_doubt_is_left_over(text, meant, understood):
    said = read(text, BURGERS)
    assert operations(text) == meant
    assert said.understood == pytest.approx(understood)
    assert said.confidence == pytest.approx(understood)


def test_what_is_wanted_and_not_wanted_is_no_certainty():
    assert operations("no onions. Onions!") == ["no-onion", "add-onion"]
    assert read("no onions. Onions!", BURGERS).confidence == 0.0


INSTRUCTIONS = ("extra patty", "no onions", "no pickles", "not too sweet", "extra jalapenos")


@given(st.lists(st.sampled_from(INSTRUCTIONS), min_size=1, unique=True), st.data())
def test_several_wishes_in_any_order_case_and_punctuation(wishes, data):
    joints = st.sampled_from([", ", " and ", "; ", ". ", "\n", " plus "])
    text = "".join(
        data.draw(st.sampled_from([str.upper, str.title, str.lower]))(w) + data.draw(joints)
        for w in wishes
    )
    said = read(text, BURGERS)
    assert len(said.meanings) == len(wishes)
    assert said.understood == 1.0


@given(st.text())
def test_any_text_is_read(text):
    said = read(text, BURGERS)
    assert 0 <= said.confidence <= said.understood <= 1


@given(
    st.lists(
        st.sampled_from(
            ["no", "extra", "patty", "onions", ",", "and", "or", "mayo", ".", "pickles"]
        )
    )
)
def test_a_no_never_becomes_a_wish_for_it(words):
    """Whatever stands around: what is wanted of a clause of its own does not follow its "no"."""
    text = " ".join(words)
    assert "extra-patty" not in operations(f"{text}. no extra patty") or "extra-patty" in (
        operations(text)
    )


def test_a_long_text_and_a_large_book_take_no_longer_than_a_person_waits():
    dice = random.Random(1)
    words = [f"word{n}" for n in range(3_000)]
    book = [phrase(f"op-{n}", f"{dice.choice(words)} {dice.choice(words)}") for n in range(2_000)]
    text = " ".join(dice.choice(words) for _ in range(1_200))[:10_000]
    began = time.process_time()
    said = read(text, book)
    assert time.process_time() - began < 1
    assert len(said.meanings) <= MOST


def test_a_persons_operations_are_priced_by_the_phrases_the_longest_first():
    book = (*BURGERS, Phrase(words=("deluxe",), operations=("extra-patty", "jalapeno"),
                             amount=Decimal(3)))  # fmt: skip
    assert priced(["jalapeno", "extra-patty", "rare"], book) == (
        Meaning(operations=("extra-patty", "jalapeno"), amount=Decimal(3)),
        Meaning(operations=("rare",)),
    )


def test_wordings_that_are_never_understood_or_mean_two_things_are_problems():
    def told(*phrases):
        book = Book(book="b", version=1, currency="EUR", rounding="half_up", places=2,
                    products=("burger",), effective_from=T0, phrases=phrases)  # fmt: skip
        return [(p.id, p.words.split(":")[0]) for p in problems(book)]

    assert told(*BURGERS, phrase("no-onion", "without onion")) == []
    assert told(phrase("salt-pepper", "salt and pepper"), phrase("kind", "please")) == [
        ("salt and pepper", '"salt and pepper" is never understood'),
        ("please", '"please" is never understood'),
    ]
    assert told(phrase("rare", "rare", "still bloody"), phrase("raw", "raw", "bloody, still")) == [
        ("raw", '"bloody, still" is never understood')
    ]
    assert told(phrase("rare", "rare", "still bloody"), phrase("raw", "raw", "bloody still")) == [
        ("raw", '"bloody still" is in the phrase "rare" too')
    ]
