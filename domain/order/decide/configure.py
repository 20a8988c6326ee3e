"""Decisions about what is ordered: the lines, and the choices for their options."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields

from domain.book.book import Book, OrderLine
from domain.configuration.choosing import (
    need_book,
    need_choosable,
    need_complete,
    need_distinct,
    need_products,
)
from domain.design import events as d
from domain.design.state import Design
from domain.errors import ChangeOrderNeeded, NotAllowed, StatusForbids
from domain.order import events as e
from domain.order.decide.guards import need_line
from domain.order.decide.quoting import need_same_total
from domain.order.progress import INACTIVE, Status
from domain.order.state import Order, selections, with_choice
from domain.values import Name


def draft(
    order: Order,
    *,
    lines: Sequence[OrderLine] = (),
    from_design: Name | None = None,
    book: Name | None = None,
    design: Design | None = None,
    offered: Book | None = None,
) -> list[e.OrderEvent]:
    """Open the order with its lines, or with the lines and choices of a design."""
    if order.status is not Status.NEW:
        raise StatusForbids(
            f"the order is {order.status} and cannot be drafted: "
            "an order is drafted once: choose another id",
            "status",
            status=order.status.value,
        )
    choices: list[e.OrderEvent] = []
    if design is not None:
        if lines or book:
            raise NotAllowed("the design brings its lines and its book: leave them out", "lines")
        lines, book = design.lines, design.book
        choices = [_copy_choice(choice) for choice in design.options.values()]
    if not lines:
        raise NotAllowed("an order has a line: name one, or a design that has some", "lines")
    need_distinct([line.line_id for line in lines], "line", "lines")
    if book:
        need_products(need_book(offered, book), lines)
    return [e.OrderDrafted(lines=tuple(lines), from_design=from_design, book=book), *choices]


def choose(order: Order, *, choice: e.OptionChosen, book: Book | None = None) -> list[e.OrderEvent]:
    """Choose a value for an option of a line."""
    before = order.options.get((choice.line_id, choice.option))
    if before == choice:
        return []
    _need_changeable(order, choice, before)
    if book:
        need_choosable(book, selections(order), choice)
    if book and order.agreed_version:
        _need_as_agreed(order, with_choice(order, choice), book)
    return [choice]


def clear(order: Order, *, choice: e.OptionCleared, book: Book | None = None) -> list[e.OrderEvent]:
    """Take back the choice for an option of a line."""
    before = order.options.get((choice.line_id, choice.option))
    _need_changeable(order, choice, before)
    if before and book and order.agreed_version:
        _need_as_agreed(order, with_choice(order, choice), book)
    return [choice] if before else []


def _need_as_agreed(order: Order, after: Order, book: Book) -> None:
    """Require that a placed order stays complete, and that its price stays the same."""
    need_complete(book, selections(after))
    need_same_total(order, after, book)


def _copy_choice(choice: d.DesignOptionChosen) -> e.OptionChosen:
    return e.OptionChosen(**{f.name: getattr(choice, f.name) for f in fields(choice)})


def _need_changeable(
    order: Order, choice: e.OptionChosen | e.OptionCleared, before: e.OptionChosen | None
) -> None:
    """Require that the line exists and that the stage of the choice has not begun."""
    if order.status in INACTIVE:
        raise StatusForbids(
            f"the order is {order.status} and takes no choices", "status", status=order.status.value
        )
    need_line(order, choice.line_id)
    stages = {choice.stage, before.stage if before else choice.stage}
    if frozen := [s for s in stages if order.progress.is_frozen(choice.line_id, s)]:
        raise ChangeOrderNeeded(
            f"{frozen[0]} of line {choice.line_id} has begun, which freezes the choice: "
            "request a change order",
            "stage",
            line_id=choice.line_id,
            stage=frozen[0],
        )
