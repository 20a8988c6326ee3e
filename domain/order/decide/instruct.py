"""Decisions about special instructions: how they are interpreted, accepted and declined."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Annotated

from pydantic import Field

from domain.book.book import Book
from domain.errors import CurrencyDiffers, IdTaken, NameUnknown, NotAllowed
from domain.free_text.interpretation import Interpretation, Meaning
from domain.free_text.interpreter import price_operations
from domain.order import events as e
from domain.order.decide.guards import need_line, need_status
from domain.order.progress import OPEN_TO_CHOICES
from domain.order.state import InstructionStatus, Order
from domain.values import Currency, Money, Name, Share

_OPEN = (InstructionStatus.GIVEN, InstructionStatus.UNSURE, InstructionStatus.INTERPRETED)


def instruct(order: Order, *, instruction: e.SpecialInstructionGiven) -> list[e.OrderEvent]:
    """Record a special instruction, word for word."""
    before = order.instructions.get(instruction.instruction_id)
    if before and before.request == instruction:
        return []
    need_status(order, OPEN_TO_CHOICES, "take an instruction", "ask for a change order")
    if before:
        raise IdTaken("this id names another instruction: use a new one", "instruction_id")
    if instruction.line_id is not None:
        need_line(order, instruction.line_id)
    return [instruction]


def interpret(
    order: Order,
    *,
    instruction_id: Name,
    operations: Annotated[Sequence[Name], Field(max_length=100)] | None = None,
    confidence: Share | None = None,
    by: Name | None = None,
    amount: Money | None = None,
    currency: Currency | None = None,
    book: Book | None,
    interpretation: Interpretation | None,
    sure_from: float,
) -> list[e.OrderEvent]:
    """Record what an open instruction means; again, and differently, until it is answered.

    Without `operations` it is the interpreter's `interpretation`, which is unsure if its confidence
    is below `sure_from`. Otherwise it is that of a person (`by`), at the `amount` for a piece that
    the person gives, or at the prices of the book's phrases.
    """
    _need_instruction(order, instruction_id, *_OPEN)
    price_currency = currency or (book.currency if book else None)
    if operations is None:
        if interpretation is None:
            raise NotAllowed(
                "the text of the instruction cannot be read any more: name the operations",
                "operations",
            )
        if (confidence, by, amount) != (None, None, None):
            raise NotAllowed(
                "confidence, by and amount are of a person: name the operations too, or leave them "
                "out",
                "by",
            )
        return [
            e.SpecialInstructionInterpreted(
                instruction_id=instruction_id,
                operations=_operations(interpretation.meanings),
                confidence=interpretation.confidence,
                by=interpretation.by,
                meanings=interpretation.meanings,
                currency=price_currency,
                understood=interpretation.understood,
                unsure=interpretation.confidence < sure_from or not interpretation.meanings,
            )
        ]
    if by is None:
        raise NotAllowed("operations are named by a person: say who", "by")
    if amount is not None and (price_currency is None or not operations):
        raise NotAllowed("an amount needs a currency, and operations that it is for", "amount")
    if book and price_currency != book.currency:
        raise CurrencyDiffers(
            f"the order is priced in {book.currency}: give the amount in it",
            "currency",
            currency=book.currency,
        )
    meanings = price_operations(operations, book.phrases if book else ())
    if amount is not None:
        meanings = (Meaning(operations=tuple(operations), amount=amount),)
    return [
        e.SpecialInstructionInterpreted(
            instruction_id=instruction_id,
            operations=tuple(operations),
            confidence=1.0 if confidence is None else confidence,
            by=by,
            meanings=meanings,
            currency=price_currency,
        )
    ]


def accept(order: Order, *, instruction_id: Name) -> list[e.OrderEvent]:
    """Agree to an instruction that is interpreted."""
    if _status(order, instruction_id) is InstructionStatus.ACCEPTED:
        return []
    _need_instruction(order, instruction_id, InstructionStatus.INTERPRETED)
    return [e.SpecialInstructionAccepted(instruction_id=instruction_id)]


def decline(order: Order, *, instruction_id: Name, cause: Name | None = None) -> list[e.OrderEvent]:
    """Decline an open instruction."""
    if _status(order, instruction_id) is InstructionStatus.DECLINED:
        return []
    _need_instruction(order, instruction_id, *_OPEN)
    return [e.SpecialInstructionDeclined(instruction_id=instruction_id, cause=cause)]


def _status(order: Order, instruction_id: str) -> InstructionStatus:
    instruction = order.instructions.get(instruction_id)
    if instruction is None:
        raise NameUnknown(f"the order has no instruction {instruction_id}", "instruction_id")
    return instruction.status


def _need_instruction(order: Order, instruction_id: str, *allowed: InstructionStatus) -> None:
    """Require an instruction of one of the statuses, on an order that is not placed yet."""
    status = _status(order, instruction_id)
    need_status(
        order, OPEN_TO_CHOICES, "change an instruction", "instructions are settled before placing"
    )
    if status not in allowed:
        raise NotAllowed(
            f"instruction {instruction_id} is {status}: it must be {' or '.join(allowed)}",
            "instruction_id",
        )


def _operations(meanings: Iterable[Meaning]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(o for m in meanings for o in m.operations))
