"""Whether a choice is one that a book offers. Each of these raises NotAllowed with the remedy."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Protocol, TypeVar

from domain.book.book import PRODUCT, Book, Input, Option, OrderLine, Selection
from domain.configuration.constraints import Verdict, check, complete
from domain.errors import (
    BookNotEffective,
    NameUnknown,
    NotAllowed,
    OptionUnavailable,
    RulesConflict,
)
from domain.personal import Erased
from domain.values import number


class OptionChoice(Protocol):
    """An option with its value, wherever it was chosen."""

    @property
    def line_id(self) -> str: ...
    @property
    def option(self) -> str: ...
    @property
    def value(self) -> str: ...
    @property
    def text(self) -> str | Erased | None: ...
    @property
    def stage(self) -> str: ...
    @property
    def choice_space(self) -> str: ...
    @property
    def target(self) -> str: ...


C = TypeVar("C", bound=OptionChoice)
Options = Mapping[tuple[str, str], C]
"""What is chosen, by line and option."""


def selections(lines: Sequence[OrderLine], options: Options[C]) -> tuple[Selection, ...]:
    """Each line with what is chosen for it, in the order of the lines."""
    made = {
        line.line_id: Selection(
            line_id=line.line_id, product=line.product, quantity=line.quantity, options={},
            lengths={},
        )
        for line in lines
    }  # fmt: skip
    for (line_id, option), chosen in sorted(options.items()):
        if line_id in made:
            made[line_id].options[option] = chosen.value
            if isinstance(chosen.text, str):
                made[line_id].lengths[option] = len(chosen.text)
    return tuple(made.values())


def needs(book: Book, lines: Sequence[Selection]) -> list[tuple[str, Input]]:
    """What must be known to make the lines as they are, each with its line, in the book's order."""
    return [
        (line.line_id, need)
        for line in lines
        for need in book.inputs
        if need.option == PRODUCT or need.option in complete(book, line).options
    ]


def need_book(found: Book | None, name: str) -> Book:
    if found is None:
        raise BookNotEffective(
            f"no version of the catalogue {name} is effective yet: publish one, or name another",
            "book",
            book=name,
        )
    return found


def need_distinct(ids: Sequence[str], what: str, field: str) -> None:
    if twice := next((i for i in ids if ids.count(i) > 1), None):
        raise NotAllowed(f"{what} {twice} is named twice: give each its own id", field)


def need_products(book: Book, lines: Sequence[OrderLine]) -> None:
    for line in lines:
        if line.product not in book.products:
            raise NameUnknown(
                f"line {line.line_id}: the book {book.book} has no product {line.product}: "
                f"it has {some(book.products)}",
                "lines",
            )


def need_choosable(book: Book, before: Sequence[Selection], choice: OptionChoice) -> None:
    """What is chosen may be incomplete, but it can be completed."""
    [line] = [s for s in before if s.line_id == choice.line_id]
    need_offered(book, line.product, choice)
    options = {**line.options, choice.option: choice.value}
    _need(check(book, replace(line, options=options)), line, "value")


def need_complete(book: Book, lines: Sequence[Selection]) -> None:
    """Every line, with the book's defaults, keeps every rule, and has all that one requires."""
    for line in lines:
        _need(check(book, complete(book, line), whole=True), line, "lines")


def _need(verdict: Verdict, line: Selection, field: str) -> None:
    if not verdict.valid:
        raise RulesConflict(f"line {line.line_id}: {verdict.words}", field, **verdict.data)


def need_offered(book: Book, product: str, choice: OptionChoice) -> None:
    """The option is offered for the product now, at its stage, and takes this value."""
    name, value = choice.option, choice.value
    offered = {o.option: o for o in book.options if not o.products or product in o.products}
    option = offered.get(name)
    if option is None:
        raise NameUnknown(
            f"the book {book.book} offers no option {name} for {product}: "
            f"it offers {some(offered)}",
            "option",
        )
    if any(t.option == name and (not t.values or value in t.values) for t in book.withdrawn):
        raise OptionUnavailable(
            f"{name} {value} is withdrawn: choose another", "option", option=name, value=value
        )
    if choice.stage != option.stage:
        raise NotAllowed(f"{name} is chosen at the stage {option.stage}: name that", "stage")
    for field in ("choice_space", "target"):
        if getattr(choice, field) != (own := getattr(option, field)):
            raise NotAllowed(f"the {field} of {name} is {own}: name that", field)
    _need_value(option, value)
    _need_text(option, choice.text)


def _need_value(option: Option, value: str) -> None:
    if option.range is None:
        if value not in option.values:
            raise NameUnknown(
                f"{option.option} has no value {value}: it has {some(option.values)}", "value"
            )
        return
    low, high, unit = option.range.minimum, option.range.maximum, option.range.unit
    chosen = number(value)
    if chosen is None or not low <= chosen <= high:
        raise NotAllowed(f"{option.option} is a number from {low} to {high} {unit}", "value")


def _need_text(option: Option, text: str | Erased | None) -> None:
    if not isinstance(text, str):
        return
    if option.text_limit is None:
        raise NotAllowed(f"{option.option} carries no text: leave it out", "text")
    if len(text) > option.text_limit:
        raise NotAllowed(
            f"the text of {option.option} has at most {option.text_limit} characters: shorten it",
            "text",
        )


def some(names: Collection[str], most: int = 10) -> str:
    """The first names, and that there are more."""
    listed = list(names)
    return ", ".join(listed[:most]) + (" …" if len(listed) > most else "")
