"""The decisions about a design, from which an order can be drafted.

A command that changes nothing records nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

from domain.book.book import Book, OrderLine
from domain.configuration.choosing import (
    need_book,
    need_choosable,
    need_distinct,
    need_products,
    selections,
)
from domain.configuration.constraints import check, with_defaults
from domain.design import events as e
from domain.design.state import Design
from domain.errors import IdTaken, NameUnknown, NotAllowed
from domain.values import Name


def start(
    design: Design, *, lines: Sequence[OrderLine], book: Name, offered: Book | None
) -> list[e.DesignEvent]:
    """Start a design with its lines, whose options are chosen from the book `offered`."""
    started = e.ConfigurationStarted(book=book, lines=tuple(lines))
    if design.lines:
        if (design.book, design.lines) == (book, started.lines):
            return []
        raise IdTaken("this id names another design: use a new one", "lines")
    if not lines:
        raise NotAllowed("a design has a line: name one", "lines")
    need_distinct([line.line_id for line in lines], "line", "lines")
    need_products(need_book(offered, book), lines)
    return [started]


def choose(
    design: Design, *, choice: e.DesignOptionChosen, book: Book | None
) -> list[e.DesignEvent]:
    """Choose a value for an option of a line."""
    if design.options.get((choice.line_id, choice.option)) == choice:
        return []
    _need_line(design, choice.line_id)
    if book:
        need_choosable(book, selections(design.lines, design.options), choice)
    return [choice]


def clear(design: Design, *, choice: e.DesignOptionCleared) -> list[e.DesignEvent]:
    """Take back the choice for an option of a line."""
    _need_line(design, choice.line_id)
    return [choice] if (choice.line_id, choice.option) in design.options else []


def validate(design: Design, *, book: Book | None) -> list[e.DesignEvent]:
    """Record whether the design can be made as it is, by the newest version of its book."""
    book = need_book(book, design.book or "")
    verdicts = [
        check(book, with_defaults(book, line), whole=True)
        for line in selections(design.lines, design.options)
    ]
    broken = [rule.rule_id for v in verdicts if v.conflict for rule in v.conflict.rules]
    validated = e.ConfigurationValidated(
        rules_version=book.version,
        valid=all(v.valid for v in verdicts),
        broken=tuple(dict.fromkeys(broken)),
    )
    return [] if design.validated == validated else [validated]


def _need_line(design: Design, line_id: str) -> None:
    if all(line.line_id != line_id for line in design.lines):
        lines = ", ".join(line.line_id for line in design.lines) or "none: start it first"
        raise NameUnknown(f"the design has no line {line_id}: its lines are {lines}", "line_id")
