"""The rule-based interpreter finds the phrases that a text has, and no others."""

from __future__ import annotations

import random
import time
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.book.book import Book, Phrase
from domain.free_text.interpretation import Meaning
from domain.free_text.interpreter import MOST_PHRASES, interpret, price_operations
from domain.free_text.phrase_problems import problems
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
    return [o for m in interpret(text, BURGERS).meanings for o in m.operations]


@pytest.mark.parametrize(
    ("text", "expected"),
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
def test_a_phrase_is_found_however_it_is_worded(text, expected):
    interpretation = interpret(text, BURGERS)
    assert operations(text) == expected
    assert interpretation.understood == 1.0
    assert interpretation.confidence == (0.9 if "less-sugar" in expected else 1.0)


@pytest.mark.parametrize(
    ("text", "expected", "understood"),
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
def test_what_is_doubtful_is_not_understood(text, expected, understood):
    interpretation = interpret(text, BURGERS)
    assert operations(text) == expected
    assert interpretation.understood == pytest.approx(understood)
    assert interpretation.confidence == pytest.approx(understood)


def test_a_contradiction_has_no_confidence():
    assert operations("no onions. Onions!") == ["no-onion", "add-onion"]
    assert interpret("no onions. Onions!", BURGERS).confidence == 0.0


WORDINGS = ("extra patty", "no onions", "no pickles", "not too sweet", "extra jalapenos")


@given(st.lists(st.sampled_from(WORDINGS), min_size=1, unique=True), st.data())
def test_several_phrases_are_found_in_any_order_case_and_punctuation(wordings, data):
    joints = st.sampled_from([", ", " and ", "; ", ". ", "\n", " plus "])
    text = "".join(
        data.draw(st.sampled_from([str.upper, str.title, str.lower]))(w) + data.draw(joints)
        for w in wordings
    )
    interpretation = interpret(text, BURGERS)
    assert len(interpretation.meanings) == len(wordings)
    assert interpretation.understood == 1.0


@given(st.text())
def test_any_text_has_an_interpretation(text):
    interpretation = interpret(text, BURGERS)
    assert 0 <= interpretation.confidence <= interpretation.understood <= 1


@given(
    st.lists(
        st.sampled_from(
            ["no", "extra", "patty", "onions", ",", "and", "or", "mayo", ".", "pickles"]
        )
    )
)
def test_no_extra_patty_never_adds_an_extra_patty(words):
    """Whatever text precedes the clause."""
    text = " ".join(words)
    assert "extra-patty" not in operations(f"{text}. no extra patty") or "extra-patty" in (
        operations(text)
    )


def test_a_long_text_and_a_large_book_take_less_than_a_second():
    dice = random.Random(1)
    words = [f"word{n}" for n in range(3_000)]
    book = [phrase(f"op-{n}", f"{dice.choice(words)} {dice.choice(words)}") for n in range(2_000)]
    text = " ".join(dice.choice(words) for _ in range(1_200))[:10_000]
    began = time.process_time()
    interpretation = interpret(text, book)
    assert time.process_time() - began < 1
    assert len(interpretation.meanings) <= MOST_PHRASES


def test_operations_that_a_person_names_are_priced_by_the_phrase_with_most_of_them():
    book = (*BURGERS, Phrase(words=("deluxe",), operations=("extra-patty", "jalapeno"),
                             amount=Decimal(3)))  # fmt: skip
    assert price_operations(["jalapeno", "extra-patty", "rare"], book) == (
        Meaning(operations=("extra-patty", "jalapeno"), amount=Decimal(3)),
        Meaning(operations=("rare",)),
    )


def test_wordings_that_are_never_found_or_have_two_meanings_are_problems():
    def problems_of(*phrases):
        book = Book(book="b", version=1, currency="EUR", rounding="half_up", places=2,
                    products=("burger",), effective_from=T0, phrases=phrases)  # fmt: skip
        return [(p.id, p.message.split(":")[0]) for p in problems(book)]

    assert problems_of(*BURGERS, phrase("no-onion", "without onion")) == []
    assert problems_of(phrase("salt-pepper", "salt and pepper"), phrase("kind", "please")) == [
        ("salt and pepper", '"salt and pepper" is never found in a text'),
        ("please", '"please" is never found in a text'),
    ]
    assert problems_of(
        phrase("rare", "rare", "still bloody"), phrase("raw", "raw", "bloody, still")
    ) == [("raw", '"bloody, still" is never found in a text')]
    assert problems_of(
        phrase("rare", "rare", "still bloody"), phrase("raw", "raw", "bloody still")
    ) == [("raw", '"bloody still" is in the phrase "rare" too')]
