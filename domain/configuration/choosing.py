"""Checks of choices against a book. Each `need_…` function raises a refusal if a check fails."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Protocol, TypeVar

from domain.book.book import PRODUCT, Book, Input, Option, OrderLine, Selection
from domain.configuration.constraints import Verdict, check, with_defaults
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
    """The value chosen for an option of a line, in an order or in a design."""

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
ChoicesByOption = Mapping[tuple[str, str], C]
"""The choices by line id and option."""


def selections(lines: Sequence[OrderLine], choices: ChoicesByOption[C]) -> tuple[Selection, ...]:
    """Each line with what is chosen for it, in the order of the lines."""
    by_line = {
        line.line_id: Selection(
            line_id=line.line_id, product=line.product, quantity=line.quantity, options={},
            lengths={},
        )
        for line in lines
    }  # fmt: skip
    for (line_id, option), choice in sorted(choices.items()):
        if line_id in by_line:
            by_line[line_id].options[option] = choice.value
            if isinstance(choice.text, str):
                by_line[line_id].lengths[option] = len(choice.text)
    return tuple(by_line.values())


def required_inputs(book: Book, lines: Sequence[Selection]) -> list[tuple[str, Input]]:
    """The inputs that must be known to make the lines, each with the id of its line."""
    return [
        (line.line_id, required)
        for line in lines
        for required in book.inputs
        if required.option == PRODUCT or required.option in with_defaults(book, line).options
    ]


def need_book(book: Book | None, name: str) -> Book:
    """Return the book; refuse None, which means that no version is effective."""
    if book is None:
        raise BookNotEffective(
            f"no version of the catalogue {name} is effective yet: publish one, or name another",
            "book",
            book=name,
        )
    return book


def need_distinct(ids: Sequence[str], kind: str, field: str) -> None:
    """Refuse ids that occur twice in a field; `kind` is what the ids name, such as "line"."""
    if duplicate := next((i for i in ids if ids.count(i) > 1), None):
        raise NotAllowed(f"{kind} id {duplicate} is used twice: give each {kind} its own id", field)


def need_products(book: Book, lines: Sequence[OrderLine]) -> None:
    """Refuse lines whose product the book does not have."""
    for line in lines:
        if line.product not in book.products:
            raise NameUnknown(
                f"line {line.line_id}: the book {book.book} has no product {line.product}: "
                f"it has {list_some(book.products)}",
                "lines",
            )


def need_choosable(book: Book, lines: Sequence[Selection], choice: OptionChoice) -> None:
    """Refuse a choice that is not offered, or with which its line cannot keep every rule."""
    [line] = [s for s in lines if s.line_id == choice.line_id]
    need_offered(book, line.product, choice)
    options = {**line.options, choice.option: choice.value}
    _need_valid(check(book, replace(line, options=options)), line, "value")


def need_complete(book: Book, lines: Sequence[Selection]) -> None:
    """Refuse lines that, with the defaults added, break a rule or lack what a rule requires."""
    for line in lines:
        _need_valid(check(book, with_defaults(book, line), whole=True), line, "lines")


def _need_valid(verdict: Verdict, line: Selection, field: str) -> None:
    if not verdict.valid:
        raise RulesConflict(f"line {line.line_id}: {verdict.message}", field, **verdict.data)


def need_offered(book: Book, product: str, choice: OptionChoice) -> None:
    """Refuse a choice whose option, stage, value or text is not offered for the product."""
    name, value = choice.option, choice.value
    offered = {o.option: o for o in book.options if not o.products or product in o.products}
    option = offered.get(name)
    if option is None:
        raise NameUnknown(
            f"the book {book.book} offers no option {name} for {product}: "
            f"it offers {list_some(offered)}",
            "option",
        )
    if any(t.option == name and (not t.values or value in t.values) for t in book.withdrawn):
        raise OptionUnavailable(
            f"{name} {value} is withdrawn: choose another", "option", option=name, value=value
        )
    if choice.stage != option.stage:
        raise NotAllowed(f"{name} is chosen at the stage {option.stage}: send that", "stage")
    for field in ("choice_space", "target"):
        if getattr(choice, field) != (expected := getattr(option, field)):
            raise NotAllowed(f"the {field} of {name} is {expected}: send that", field)
    _need_value(option, value)
    _need_text(option, choice.text)


def _need_value(option: Option, value: str) -> None:
    if option.range is None:
        if value not in option.values:
            raise NameUnknown(
                f"{option.option} has no value {value}: it has {list_some(option.values)}",
                "value",
            )
        return
    low, high, unit = option.range.minimum, option.range.maximum, option.range.unit
    amount = number(value)
    if amount is None or not low <= amount <= high:
        raise NotAllowed(
            f"{option.option} must be a number from {low} to {high} {unit}: choose one", "value"
        )


def _need_text(option: Option, text: str | Erased | None) -> None:
    if not isinstance(text, str):
        return
    if option.text_limit is None:
        raise NotAllowed(f"{option.option} takes no text: leave it out", "text")
    if len(text) > option.text_limit:
        raise NotAllowed(
            f"the text of {option.option} has at most {option.text_limit} characters: shorten it",
            "text",
        )


def list_some(names: Collection[str], limit: int = 10) -> str:
    """The first `limit` names, separated by commas; an ellipsis says that there are more."""
    shown = list(names)[:limit]
    return ", ".join(shown) + (" …" if len(names) > limit else "")
