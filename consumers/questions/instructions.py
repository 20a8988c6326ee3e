"""The special instructions that wait for a person."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import cast

import msgspec

from consumers.ports.views import ViewReader
from consumers.questions.rows import readable_view
from domain.order.state import InstructionStatus
from projections.demand import DemandRow, instructions_with_texts


class WaitingInstruction(msgspec.Struct, frozen=True, kw_only=True):
    """An instruction that nobody has interpreted with enough confidence.

    `guess` names the operations that the interpreter read in it, with its `confidence`. `text` is
    None where it can no longer be read.
    """

    order: str
    instruction: str
    line: str | None
    given: datetime
    text: str | None
    confidence: float | None
    guess: Sequence[str]


class WaitingInstructions(msgspec.Struct, frozen=True):
    """`more` tells that instructions of further orders wait."""

    rows: Sequence[WaitingInstruction]
    more: bool


def waiting_instructions(views: ViewReader, limit: int) -> WaitingInstructions:
    """Return the instructions of up to `limit` orders that wait for a person's interpretation."""
    view = readable_view("demand", views)
    orders = cast(list[DemandRow], views.select(view, {"waits_for": ["person"]}, limit + 1))
    rows = [
        WaitingInstruction(
            order=row.order_id,
            instruction=instruction.instruction_id,
            line=instruction.line_id,
            given=instruction.given_at,
            text=text,
            confidence=instruction.confidence,
            guess=[o for meaning in instruction.meanings or () for o in meaning.operations],
        )
        for row in orders[:limit]
        for instruction, text in instructions_with_texts(row)
        if instruction.status in (InstructionStatus.GIVEN, InstructionStatus.UNSURE)
    ]
    return WaitingInstructions(rows=rows, more=len(orders) > limit)
