"""What the customer wants: lines, choices, and instructions in their own words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import Annotated

from pydantic import Field

from domain.catalogue.book import Book
from domain.design import events as d
from domain.design.state import Design
from domain.errors import NotAllowed
from domain.order import events as e
from domain.order.decide.guards import need_apart, need_line, need_status
from domain.order.progress import OPEN_TO_CHOICES, OVER, Status
from domain.order.state import Answer, Order, selections
from domain.rules.choosing import need_book, need_choosable, need_products
from domain.values import Name, Share


def draft(
    order: Order,
    *,
    lines: Sequence[e.OrderLine] = (),
    from_design: Name | None = None,
    book: Name | None = None,
    design: Design | None = None,
    offered: Book | None = None,
) -> list[e.OrderEvent]:
    """Its lines are named here, or copied from a design with what is chosen there."""
    if order.status is not Status.NEW:
        raise NotAllowed(
            f"the order is {order.status} and cannot be drafted: "
            "an order is drafted once: choose another id",
            "status",
        )
    copied: list[e.OrderEvent] = []
    if design is not None:
        if lines or book:
            raise NotAllowed("the design brings its lines and its book: leave them out", "lines")
        lines, book = design.lines, design.book
        copied = [_copied(choice) for choice in design.options.values()]
    if not lines:
        raise NotAllowed("an order has a line: name one, or a design that has some", "lines")
    need_apart([line.line_id for line in lines], "line", "lines")
    if book:
        need_products(need_book(offered, book), lines)
    return [e.OrderDrafted(lines=tuple(lines), from_design=from_design, book=book), *copied]


def choose(order: Order, *, choice: e.OptionChosen, book: Book | None = None) -> list[e.OrderEvent]:
    before = order.options.get((choice.line_id, choice.option))
    if before == choice:
        return []
    _changeable(order, choice, before)
    if book:
        need_choosable(book, selections(order), choice)
    return [choice]


def clear(order: Order, *, choice: e.OptionCleared) -> list[e.OrderEvent]:
    before = order.options.get((choice.line_id, choice.option))
    _changeable(order, choice, before)
    return [choice] if before else []


def instruct(order: Order, *, instruction: e.SpecialInstructionGiven) -> list[e.OrderEvent]:
    known = order.instructions.get(instruction.instruction_id)
    if known and known.given == instruction:
        return []
    need_status(order, OPEN_TO_CHOICES, "take an instruction", "ask for a change order")
    if known:
        raise NotAllowed("this id names another instruction: use a new one", "instruction_id")
    if instruction.line_id is not None:
        need_line(order, instruction.line_id)
    return [instruction]


def interpret(
    order: Order,
    *,
    instruction_id: Name,
    operations: Annotated[Sequence[Name], Field(max_length=100)],
    confidence: Share,
    by: Name,
) -> list[e.OrderEvent]:
    """May be said again, and differently, until the instruction is accepted or declined."""
    _asked(order, instruction_id, Answer.GIVEN, Answer.INTERPRETED)
    return [
        e.SpecialInstructionInterpreted(
            instruction_id=instruction_id, operations=tuple(operations), confidence=confidence,
            by=by,
        )
    ]  # fmt: skip


def accept(order: Order, *, instruction_id: Name) -> list[e.OrderEvent]:
    if _answer(order, instruction_id) is Answer.ACCEPTED:
        return []
    _asked(order, instruction_id, Answer.INTERPRETED)
    return [e.SpecialInstructionAccepted(instruction_id=instruction_id)]


def decline(order: Order, *, instruction_id: Name, cause: Name | None = None) -> list[e.OrderEvent]:
    if _answer(order, instruction_id) is Answer.DECLINED:
        return []
    _asked(order, instruction_id, Answer.GIVEN, Answer.INTERPRETED)
    return [e.SpecialInstructionDeclined(instruction_id=instruction_id, cause=cause)]


def _copied(choice: d.OptionChosen) -> e.OptionChosen:
    return e.OptionChosen(**{f.name: getattr(choice, f.name) for f in fields(choice)})


def _changeable(
    order: Order, choice: e.OptionChosen | e.OptionCleared, before: e.OptionChosen | None
) -> None:
    if order.status in OVER:
        raise NotAllowed(f"the order is {order.status} and takes no choices", "status")
    need_line(order, choice.line_id)
    stages = {choice.stage, before.stage if before else choice.stage}
    if frozen := [s for s in stages if order.progress.frozen(choice.line_id, s)]:
        raise NotAllowed(
            f"{frozen[0]} of line {choice.line_id} has begun, which freezes the choice: "
            "request a change order",
            "stage",
        )


def _answer(order: Order, instruction_id: str) -> Answer:
    wish = order.instructions.get(instruction_id)
    if wish is None:
        raise NotAllowed(f"the order has no instruction {instruction_id}", "instruction_id")
    return wish.answer


def _asked(order: Order, instruction_id: str, *wanted: Answer) -> None:
    answer = _answer(order, instruction_id)
    need_status(order, OPEN_TO_CHOICES, "answer an instruction", "it was to be answered before")
    if answer not in wanted:
        raise NotAllowed(
            f"instruction {instruction_id} is {answer}: it must be {' or '.join(wanted)}",
            "instruction_id",
        )
