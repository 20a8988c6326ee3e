"""What customers asked for in their own words, and what became of it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Literal

from msgspec.structs import replace

from domain.free_text.interpretation import Meaning
from domain.order import events as e
from domain.order.state import InstructionStatus
from domain.personal import ERASED, Erased, Personal, Plain, Pseudonym
from domain.subject import Subject
from projections.view import AnyEvent, Part, Projection, Row


class Pieces(Part, frozen=True, kw_only=True):
    """How much a wish is about: those of its line, or of all lines."""

    line_id: Plain[str]
    pieces: Plain[int]


class SpecialInstruction(Part, frozen=True, kw_only=True):
    """An instruction; its text stands at the same place of `texts`.

    `meanings` are what it was last taken for: empty, it was not understood; None, nobody has said.
    """

    instruction_id: Plain[str]
    line_id: Plain[str | None]
    given: Plain[datetime]
    answer: Plain[InstructionStatus] = InstructionStatus.GIVEN
    meanings: Plain[tuple[Meaning, ...] | None] = None
    currency: Plain[str | None] = None
    understood: Plain[float | None] = None
    confidence: Plain[float | None] = None
    by: Pseudonym[str | None] = None
    cause: Plain[str | None] = None

    @property
    def open(self) -> bool:
        return self.answer not in (InstructionStatus.ACCEPTED, InstructionStatus.DECLINED)


class DemandRow(Row, frozen=True, kw_only=True):
    """An order. It `waits_for` a person to say what a wish means, or for a yes or no to one."""

    order_id: Pseudonym[str]
    customer: Pseudonym[str | None]
    waits_for: Plain[str] = "nobody"
    cancelled: Plain[bool] = False
    lines: Plain[tuple[Pieces, ...]] = ()
    wishes: Plain[tuple[SpecialInstruction, ...]] = ()
    texts: Personal[tuple[str, ...]] = ()

    def pieces(self, wish: SpecialInstruction) -> int:
        return sum(li.pieces for li in self.lines if wish.line_id in (li.line_id, None))


_HANDLED = (
    e.OrderDrafted
    | e.SpecialInstructionGiven
    | e.SpecialInstructionInterpreted
    | e.SpecialInstructionAccepted
    | e.SpecialInstructionDeclined
    | e.OrderCancelled
)


def keys(event: AnyEvent) -> Iterable[str]:
    handled = isinstance(event.data, _HANDLED)
    return [Subject.parse(event.event.subject).id] if handled else []


def evolve(row: DemandRow | None, event: AnyEvent) -> DemandRow:
    said = event.event
    row = row or DemandRow(order_id=Subject.parse(said.subject).id, customer=said.customerid)
    match event.data:
        case e.OrderDrafted(lines=lines):
            pieces = tuple(Pieces(line_id=li.line_id, pieces=li.quantity) for li in lines)
            return replace(row, lines=pieces)
        case e.OrderCancelled():
            row = replace(row, cancelled=True)
        case e.SpecialInstructionGiven(instruction_id=id, line_id=line, text=text):
            wish = SpecialInstruction(instruction_id=id, line_id=line, given=said.time)
            row = replace(row, wishes=(*row.wishes, wish), texts=_with(row.texts, text))
        case e.SpecialInstructionInterpreted(instruction_id=id) as read:
            row = _wish(
                row,
                id,
                answer=InstructionStatus.UNSURE if read.unsure else InstructionStatus.INTERPRETED,
                meanings=_meanings(read),
                currency=read.currency,
                understood=read.understood,
                confidence=read.confidence,
                by=read.by,
            )
        case e.SpecialInstructionAccepted(instruction_id=id):
            row = _wish(row, id, answer=InstructionStatus.ACCEPTED)
        case e.SpecialInstructionDeclined(instruction_id=id, cause=cause):
            row = _wish(row, id, answer=InstructionStatus.DECLINED, cause=cause)
    return replace(row, waits_for=_waits(row))


def worded(row: DemandRow) -> list[tuple[SpecialInstruction, str | None]]:
    """Each wish with its words; None where they cannot be read."""
    texts = (None,) * len(row.wishes) if isinstance(row.texts, Erased) else row.texts
    return list(zip(row.wishes, texts, strict=True))


def _with(texts: tuple[str, ...] | Erased, text: str | Erased) -> tuple[str, ...] | Erased:
    if isinstance(texts, Erased) or isinstance(text, Erased):
        return ERASED
    return (*texts, text)


def _meanings(read: e.SpecialInstructionInterpreted) -> tuple[Meaning, ...]:
    """What was said before there were meanings: each operation is one."""
    return read.meanings or tuple(Meaning(operations=(o,)) for o in read.operations)


def _wish(row: DemandRow, id: str, **now: Any) -> DemandRow:
    wishes = tuple(replace(w, **now) if w.instruction_id == id else w for w in row.wishes)
    return replace(row, wishes=wishes)


def _waits(row: DemandRow) -> Literal["person", "answer", "nobody"]:
    waiting = {w.answer for w in row.wishes if w.open and not row.cancelled}
    if waiting & {InstructionStatus.GIVEN, InstructionStatus.UNSURE}:
        return "person"
    return "answer" if waiting else "nobody"


projection = Projection(
    "demand", 1, DemandRow, keys, evolve,
    answers="What did customers ask for in their own words, and what became of it?",
    look_up=("customer", "waits_for"),
)  # fmt: skip
