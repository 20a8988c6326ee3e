"""The view `quality`: each order's choices and instructions beside the results of its checks."""

from __future__ import annotations

from typing import Any, Literal

from msgspec.structs import replace

from domain.event import Recorded
from domain.order.events import (
    OrderDrafted,
    ReworkEscalated,
    ReworkOrdered,
    SpecialInstructionAccepted,
    SpecialInstructionDeclined,
    SpecialInstructionGiven,
    SpecialInstructionInterpreted,
)
from domain.order.evolve import evolve
from domain.order.progress import Check, Progress
from domain.order.reports import QualityCheckFailed, QualityCheckPassed
from domain.personal import Plain, Pseudonym
from domain.subject import Subject
from projections.choices import ChoiceEvent, Choices, changed_choices
from projections.keys import by_order
from projections.view import AnyEvent, Part, Projection, Row


class Product(Part, frozen=True, kw_only=True):
    """The product of a line."""

    line_id: Plain[str]
    product: Plain[str]


class InstructionOutcome(Part, frozen=True, kw_only=True):
    """A special instruction. `understood` is None until it is interpreted."""

    instruction_id: Plain[str]
    understood: Plain[bool | None] = None
    answer: Plain[Literal["open", "accepted", "declined"]] = "open"


class QualityRow(Row, frozen=True, kw_only=True):
    """An order."""

    order_id: Pseudonym[str]
    customer: Pseudonym[str | None]
    products: Plain[tuple[Product, ...]] = ()
    choices: Plain[Choices] = Choices()
    instructions: Plain[tuple[InstructionOutcome, ...]] = ()
    checks: Plain[tuple[Check, ...]] = ()


def _initial(event: AnyEvent) -> QualityRow:
    envelope = event.event
    return QualityRow(order_id=Subject.parse(envelope.subject).id, customer=envelope.customerid)


quality = Projection(
    "quality", 3, QualityRow, initial=_initial,
    answers="Which options were chosen, and what did the checks say?", look_up=("customer",),
)  # fmt: skip
_CheckEvent = QualityCheckPassed | QualityCheckFailed | ReworkOrdered | ReworkEscalated


@quality.on(_CheckEvent, key=by_order)
def add_check(row: QualityRow, event: Recorded[_CheckEvent]) -> QualityRow:
    """Add a check, or mark one as reworked or escalated."""
    progress = evolve(Progress(checks=row.checks), event.data, event.event.time)
    return replace(row, checks=progress.checks)


@quality.on(ChoiceEvent, key=by_order)
def change_choices(row: QualityRow, event: Recorded[ChoiceEvent]) -> QualityRow:
    return replace(row, choices=changed_choices(row.choices, event.data))


@quality.on(OrderDrafted, key=by_order)
def draft(row: QualityRow, event: Recorded[OrderDrafted]) -> QualityRow:
    products = (Product(line_id=li.line_id, product=li.product) for li in event.data.lines)
    return replace(row, products=tuple(products))


@quality.on(SpecialInstructionGiven, key=by_order)
def add_instruction(row: QualityRow, event: Recorded[SpecialInstructionGiven]) -> QualityRow:
    new = InstructionOutcome(instruction_id=event.data.instruction_id)
    return replace(row, instructions=(*row.instructions, new))


@quality.on(SpecialInstructionInterpreted, key=by_order)
def interpret(row: QualityRow, event: Recorded[SpecialInstructionInterpreted]) -> QualityRow:
    data = event.data
    return _changed(row, data.instruction_id, understood=bool(data.operations) and not data.unsure)


@quality.on(SpecialInstructionAccepted, key=by_order)
def accept(row: QualityRow, event: Recorded[SpecialInstructionAccepted]) -> QualityRow:
    return _changed(row, event.data.instruction_id, answer="accepted")


@quality.on(SpecialInstructionDeclined, key=by_order)
def decline(row: QualityRow, event: Recorded[SpecialInstructionDeclined]) -> QualityRow:
    return _changed(row, event.data.instruction_id, answer="declined")


def _changed(row: QualityRow, id: str, **changes: Any) -> QualityRow:
    instructions = tuple(
        replace(x, **changes) if x.instruction_id == id else x for x in row.instructions
    )
    return replace(row, instructions=instructions)
