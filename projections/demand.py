"""The view `demand`: the special instructions of each order, and what became of them."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from msgspec.structs import replace

from domain.event import Recorded
from domain.free_text.interpretation import Meaning
from domain.order.events import (
    OrderCancelled,
    OrderDrafted,
    SpecialInstructionAccepted,
    SpecialInstructionDeclined,
    SpecialInstructionGiven,
    SpecialInstructionInterpreted,
)
from domain.order.state import InstructionStatus
from domain.personal import ERASED, Erased, Personal, Plain, Pseudonym
from domain.subject import Subject
from projections.keys import by_order
from projections.view import AnyEvent, Part, Projection, Row


class LineQuantity(Part, frozen=True, kw_only=True):
    line_id: Plain[str]
    pieces: Plain[int]


class SpecialInstruction(Part, frozen=True, kw_only=True):
    """An instruction; its text is in the row's `texts`, at the same index.

    Without a line it is about the whole order. `meanings` is its last interpretation, each priced
    in `currency`: None before the first, empty if nothing was understood. `understood` is the
    share of its words that the meanings stand for.
    """

    instruction_id: Plain[str]
    line_id: Plain[str | None]
    given_at: Plain[datetime]
    status: Plain[InstructionStatus] = InstructionStatus.GIVEN
    meanings: Plain[tuple[Meaning, ...] | None] = None
    currency: Plain[str | None] = None
    understood: Plain[float | None] = None
    confidence: Plain[float | None] = None
    interpreted_by: Pseudonym[str | None] = None
    cause: Plain[str | None] = None

    @property
    def open(self) -> bool:
        return self.status not in (InstructionStatus.ACCEPTED, InstructionStatus.DECLINED)


class DemandRow(Row, frozen=True, kw_only=True):
    """An order. `waits_for` says whether a `person` must interpret an instruction, or else an
    `answer` to one is open, or `nobody` is to do anything.
    """

    order_id: Pseudonym[str]
    customer: Pseudonym[str | None]
    waits_for: Plain[Literal["person", "answer", "nobody"]] = "nobody"
    cancelled: Plain[bool] = False
    lines: Plain[tuple[LineQuantity, ...]] = ()
    instructions: Plain[tuple[SpecialInstruction, ...]] = ()
    texts: Personal[tuple[str, ...]] = ()

    def pieces(self, instruction: SpecialInstruction) -> int:
        """The quantity of the instruction's line, or of all lines."""
        return sum(li.pieces for li in self.lines if instruction.line_id in (li.line_id, None))


def instructions_with_texts(row: DemandRow) -> list[tuple[SpecialInstruction, str | None]]:
    """Each instruction with its text; None where the text cannot be read."""
    texts = (None,) * len(row.instructions) if isinstance(row.texts, Erased) else row.texts
    return list(zip(row.instructions, texts, strict=True))


def _initial(event: AnyEvent) -> DemandRow:
    envelope = event.event
    return DemandRow(order_id=Subject.parse(envelope.subject).id, customer=envelope.customerid)


demand = Projection(
    "demand", 2, DemandRow, initial=_initial,
    answers="What did customers ask for in their own words, and what became of it?",
    look_up=("customer", "waits_for"),
)  # fmt: skip


@demand.on(OrderDrafted, key=by_order)
def draft(row: DemandRow, event: Recorded[OrderDrafted]) -> DemandRow:
    lines = (LineQuantity(line_id=li.line_id, pieces=li.quantity) for li in event.data.lines)
    return replace(row, lines=tuple(lines))


@demand.on(OrderCancelled, key=by_order)
def cancel(row: DemandRow, _: Recorded[OrderCancelled]) -> DemandRow:
    return _waiting(replace(row, cancelled=True))


@demand.on(SpecialInstructionGiven, key=by_order)
def add_instruction(row: DemandRow, event: Recorded[SpecialInstructionGiven]) -> DemandRow:
    data = event.data
    new = SpecialInstruction(
        instruction_id=data.instruction_id, line_id=data.line_id, given_at=event.event.time
    )
    texts: tuple[str, ...] | Erased = ERASED
    if not isinstance(row.texts, Erased) and not isinstance(data.text, Erased):
        texts = (*row.texts, data.text)
    return _waiting(replace(row, instructions=(*row.instructions, new), texts=texts))


@demand.on(SpecialInstructionInterpreted, key=by_order)
def interpret(row: DemandRow, event: Recorded[SpecialInstructionInterpreted]) -> DemandRow:
    data = event.data
    # Events of releases that had no meanings: each operation is one.
    meanings = data.meanings or tuple(Meaning(operations=(o,)) for o in data.operations)
    return _changed(
        row, data.instruction_id,
        status=InstructionStatus.UNSURE if data.unsure else InstructionStatus.INTERPRETED,
        meanings=meanings, currency=data.currency, understood=data.understood,
        confidence=data.confidence, interpreted_by=data.by,
    )  # fmt: skip


@demand.on(SpecialInstructionAccepted, key=by_order)
def accept(row: DemandRow, event: Recorded[SpecialInstructionAccepted]) -> DemandRow:
    return _changed(row, event.data.instruction_id, status=InstructionStatus.ACCEPTED)


@demand.on(SpecialInstructionDeclined, key=by_order)
def decline(row: DemandRow, event: Recorded[SpecialInstructionDeclined]) -> DemandRow:
    data = event.data
    return _changed(row, data.instruction_id, status=InstructionStatus.DECLINED, cause=data.cause)


def _changed(row: DemandRow, id: str, **changes: Any) -> DemandRow:
    instructions = tuple(
        replace(x, **changes) if x.instruction_id == id else x for x in row.instructions
    )
    return _waiting(replace(row, instructions=instructions))


def _waiting(row: DemandRow) -> DemandRow:
    """The row with `waits_for` as its instructions are now."""
    statuses = {x.status for x in row.instructions if x.open and not row.cancelled}
    if statuses & {InstructionStatus.GIVEN, InstructionStatus.UNSURE}:
        return replace(row, waits_for="person")
    return replace(row, waits_for="answer" if statuses else "nobody")
