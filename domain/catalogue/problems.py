"""All problems of a drafted book. A book with a problem is not drafted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from domain.book.book import PRODUCT, Book, BookPart, BookProblem, Input, Option, Phrase
from domain.book.contents import LARGEST, PARTS, encoded_size
from domain.configuration import constraint_problems
from domain.free_text import phrase_problems
from domain.pricing import price_problems

UNIQUE: tuple[BookPart, ...] = ("options", "constraints", "prices")
"""Parts whose items have ids."""


def problems(book: Book) -> list[BookProblem]:
    """In the order of the parts of a book."""
    return [
        *_products(book), *_duplicates(book), *_too_large(book), *_options(book), *_inputs(book),
        *constraint_problems.problems(book), *price_problems.problems(book),
        *phrase_problems.problems(book),
    ]  # fmt: skip


def item_id(item: Any) -> str:
    """The id of an item of a book; a phrase has its first wording."""
    match item:
        case Option():
            return item.option
        case Input():
            return item.name
        case Phrase():
            return item.words[0]
    return str(item.rule_id)


def _products(book: Book) -> Iterator[BookProblem]:
    for product, count in Counter(book.products).items():
        if count > 1:
            yield BookProblem(part="products", id=product, message="is listed twice: list it once")


def _duplicates(book: Book) -> Iterator[BookProblem]:
    for part in UNIQUE:
        counts = Counter(item_id(item) for item in getattr(book, part))
        for id, count in counts.items():
            if count > 1:
                message = "is there twice: give each an id of its own"
                yield BookProblem(part=part, id=id, message=message)
    shared = {rule.rule_id for rule in book.constraints} & {rule.rule_id for rule in book.prices}
    for id in sorted(shared):
        message = "is the id of a constraint too, and traces would confuse them: rename it"
        yield BookProblem(part="prices", id=id, message=message)


def _too_large(book: Book) -> Iterator[BookProblem]:
    for part in PARTS:
        for item in getattr(book, part):
            if (size := encoded_size(item)) > LARGEST:
                message = f"takes {size} bytes, and at most {LARGEST} are allowed: split it"
                yield BookProblem(part=part, id=item_id(item), message=message)


def _options(book: Book) -> Iterator[BookProblem]:
    for option in book.options:
        for message in _option(book, option):
            yield BookProblem(part="options", id=option.option, message=message)


def _option(book: Book, option: Option) -> Iterator[str]:
    if option.option == PRODUCT:
        yield "is the name by which rules mention the product of a line: rename the option"
    for product in option.products:
        if product not in book.products:
            yield f"is offered for {product}, which is not a product: add it, or leave it out"
    if len(set(option.values)) < len(option.values):
        yield "has a value twice: list it once"
    if option.choice_space == "closed" and (option.range or not option.values):
        yield "is closed: give it values, and no range"
    if option.choice_space == "parametric" and (option.values or not option.range):
        yield "is parametric: give it a range, and no values"
    if option.choice_space not in ("closed", "parametric"):
        yield "is neither closed nor parametric: free text is given as a special instruction"
    if option.range and option.range.minimum > option.range.maximum:
        yield "has an empty range, its minimum is above its maximum: correct one of them"


def _inputs(book: Book) -> Iterator[BookProblem]:
    options = {option.option for option in book.options} | {PRODUCT}
    for each in book.inputs:
        if each.option not in options:
            message = f"is needed for {each.option}, which is not an option: add it"
            yield BookProblem(part="inputs", id=each.name, message=message)
