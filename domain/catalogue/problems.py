"""What is wrong with a book, all of it: nothing with a problem is drafted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from domain.book.book import PRODUCT, Book, BookProblem, Input, Option, Part, Phrase
from domain.book.contents import LARGEST, PARTS, encoded_size
from domain.configuration import constraint_problems
from domain.free_text import phrase_problems
from domain.pricing import price_problems

UNIQUE: tuple[Part, ...] = ("options", "constraints", "prices")


def problems(book: Book) -> list[BookProblem]:
    """In the order of the book's parts."""
    return [
        *_products(book), *_twice(book), *_large(book), *_options(book), *_inputs(book),
        *constraint_problems.problems(book), *price_problems.problems(book),
        *phrase_problems.problems(book),
    ]  # fmt: skip


def _products(book: Book) -> Iterator[BookProblem]:
    for product, n in Counter(book.products).items():
        if n > 1:
            yield BookProblem(part="products", id=product, words="is named twice: name it once")


def name_of(thing: Any) -> str:
    """What a part of a book is called: a phrase by its first words."""
    match thing:
        case Option():
            return thing.option
        case Input():
            return thing.name
        case Phrase():
            return thing.words[0]
    return str(thing.rule_id)


def _twice(book: Book) -> Iterator[BookProblem]:
    for part in UNIQUE:
        named = Counter(name_of(thing) for thing in getattr(book, part))
        for id, n in named.items():
            if n > 1:
                words = "is there twice: give each an id of its own"
                yield BookProblem(part=part, id=id, words=words)
    both = {rule.rule_id for rule in book.constraints} & {rule.rule_id for rule in book.prices}
    for id in sorted(both):
        words = "is the id of a constraint too: a trace would not tell them apart"
        yield BookProblem(part="prices", id=id, words=words)


def _large(book: Book) -> Iterator[BookProblem]:
    for part in PARTS:
        for thing in getattr(book, part):
            if (bytes := encoded_size(thing)) > LARGEST:
                words = f"takes {bytes} bytes, and a part has at most {LARGEST}: split it"
                yield BookProblem(part=part, id=name_of(thing), words=words)


def _options(book: Book) -> Iterator[BookProblem]:
    for option in book.options:
        for words in _option(book, option):
            yield BookProblem(part="options", id=option.option, words=words)


def _option(book: Book, option: Option) -> Iterator[str]:
    if option.option == PRODUCT:
        yield "is what rules call the product of a line: name the option otherwise"
    for product in option.products:
        if product not in book.products:
            yield f"is offered for {product}, which is no product: add it, or leave it out"
    if len(set(option.values)) < len(option.values):
        yield "names a value twice: name it once"
    if option.choice_space == "closed" and (option.range or not option.values):
        yield "is closed: name its values, and no range"
    if option.choice_space == "parametric" and (option.values or not option.range):
        yield "is parametric: give it a range, and no values"
    if option.choice_space not in ("closed", "parametric"):
        yield "is neither closed nor parametric: what is free form is an instruction"
    if option.range and option.range.minimum > option.range.maximum:
        yield "has an empty range: its minimum is above its maximum"


def _inputs(book: Book) -> Iterator[BookProblem]:
    known = {option.option for option in book.options} | {PRODUCT}
    for need in book.inputs:
        if need.option not in known:
            yield _input(need, f"is needed for {need.option}, which is no option: add it")


def _input(need: Input, words: str) -> BookProblem:
    return BookProblem(part="inputs", id=need.name, words=words)
