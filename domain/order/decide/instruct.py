"""What the customer wants in their own words: kept, interpreted, accepted or declined."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Annotated

from pydantic import Field

from domain.book.book import Book
from domain.errors import CurrencyDiffers, IdTaken, NameUnknown, NotAllowed
from domain.free_text.interpretation import Meaning
from domain.free_text.reading import Interpretation, priced
from domain.order import events as e
from domain.order.decide.guards import need_line, need_status
from domain.order.progress import OPEN_TO_CHOICES
from domain.order.state import Answer, Order
from domain.values import Currency, Money, Name, Share


def instruct(order: Order, *, instruction: e.SpecialInstructionGiven) -> list[e.OrderEvent]:
    known = order.instructions.get(instruction.instruction_id)
    if known and known.given == instruction:
        return []
    need_status(order, OPEN_TO_CHOICES, "take an instruction", "ask for a change order")
    if known:
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
    reading: Interpretation | None,
    sure_from: float,
) -> list[e.OrderEvent]:
    """May be said again, and differently, until the instruction is accepted or declined.

    Whoever names no operations asks the interpreter, whose `reading` is unsure below a confidence
    of `sure_from`. What a person says is priced by them, else by the book's phrases.
    """
    _asked(order, instruction_id, Answer.GIVEN, Answer.UNSURE, Answer.INTERPRETED)
    known = currency or (book.currency if book else None)
    if operations is None:
        if reading is None:
            raise NotAllowed("the words cannot be read any more: name the operations", "operations")
        if (confidence, by, amount) != (None, None, None):
            raise NotAllowed("the interpreter is asked: name operations, or leave it to it", "by")
        return [
            e.SpecialInstructionInterpreted(
                instruction_id=instruction_id,
                operations=_operations(reading.meanings),
                confidence=reading.confidence,
                by=reading.by,
                meanings=reading.meanings,
                currency=known,
                understood=reading.understood,
                unsure=reading.confidence < sure_from or not reading.meanings,
            )
        ]
    if by is None:
        raise NotAllowed("nobody says so: name who interprets", "by")
    if amount is not None and (known is None or not operations):
        raise NotAllowed("an amount needs a currency, and operations that it is for", "amount")
    if book and known != book.currency:
        raise CurrencyDiffers(f"the order is priced in {book.currency}: name the amount in it",
                         "currency", currency=book.currency)  # fmt: skip
    meanings = priced(operations, book.phrases if book else ())
    if amount is not None:
        meanings = (Meaning(operations=tuple(operations), amount=amount),)
    return [
        e.SpecialInstructionInterpreted(
            instruction_id=instruction_id,
            operations=tuple(operations),
            confidence=1.0 if confidence is None else confidence,
            by=by,
            meanings=meanings,
            currency=known,
        )
    ]


def accept(order: Order, *, instruction_id: Name) -> list[e.OrderEvent]:
    if _answer(order, instruction_id) is Answer.ACCEPTED:
        return []
    _asked(order, instruction_id, Answer.INTERPRETED)
    return [e.SpecialInstructionAccepted(instruction_id=instruction_id)]


def decline(order: Order, *, instruction_id: Name, cause: Name | None = None) -> list[e.OrderEvent]:
    if _answer(order, instruction_id) is Answer.DECLINED:
        return []
    _asked(order, instruction_id, Answer.GIVEN, Answer.UNSURE, Answer.INTERPRETED)
    return [e.SpecialInstructionDeclined(instruction_id=instruction_id, cause=cause)]


def _answer(order: Order, instruction_id: str) -> Answer:
    wish = order.instructions.get(instruction_id)
    if wish is None:
        raise NameUnknown(f"the order has no instruction {instruction_id}", "instruction_id")
    return wish.answer


def _asked(order: Order, instruction_id: str, *wanted: Answer) -> None:
    answer = _answer(order, instruction_id)
    need_status(order, OPEN_TO_CHOICES, "answer an instruction", "it was to be answered before")
    if answer not in wanted:
        raise NotAllowed(
            f"instruction {instruction_id} is {answer}: it must be {' or '.join(wanted)}",
            "instruction_id",
        )


def _operations(meanings: Iterable[Meaning]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(o for m in meanings for o in m.operations))
