"""How well orders were made: what was chosen, what the checks said, and what customers asked."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal, cast, get_args

from msgspec.structs import replace

from domain.order import events as e
from domain.order import reports as r
from domain.order.evolve import evolve as evolve_order
from domain.order.progress import Check, Progress
from domain.personal import Plain, Pseudonym
from domain.subject import Subject
from projections.choices import Choices, Choosing
from projections.choices import evolve as choose
from projections.view import AnyEvent, Part, Projection, Row


class Product(Part, frozen=True, kw_only=True):
    line_id: Plain[str]
    product: Plain[str]


class InstructionOutcome(Part, frozen=True, kw_only=True):
    """A special instruction. `understood` is None until it is interpreted."""

    instruction_id: Plain[str]
    understood: Plain[bool | None] = None
    answer: Plain[Literal["open", "accepted", "declined"]] = "open"


class QualityRow(Row, frozen=True, kw_only=True):
    order_id: Pseudonym[str]
    customer: Pseudonym[str | None]
    products: Plain[tuple[Product, ...]] = ()
    choices: Plain[Choices] = Choices()
    wishes: Plain[tuple[InstructionOutcome, ...]] = ()
    checks: Plain[tuple[Check, ...]] = ()


_CHECKS = {r.QualityCheckPassed, r.QualityCheckFailed, e.ReworkOrdered, e.ReworkEscalated}
_HANDLED = {
    *_CHECKS,
    *get_args(Choosing),
    e.SpecialInstructionGiven,
    e.SpecialInstructionInterpreted,
    e.SpecialInstructionAccepted,
    e.SpecialInstructionDeclined,
}


def keys(event: AnyEvent) -> Iterable[str]:
    return [Subject.parse(event.event.subject).id] if type(event.data) in _HANDLED else []


def evolve(row: QualityRow | None, event: AnyEvent) -> QualityRow:
    said = event.event
    row = row or QualityRow(order_id=Subject.parse(said.subject).id, customer=said.customerid)
    if type(event.data) in _CHECKS:
        data = cast(e.OrderEvent, event.data)
        checked = evolve_order(Progress(checks=row.checks), data, said.time)
        return replace(row, checks=checked.checks)
    if isinstance(event.data, Choosing):
        row = replace(row, choices=choose(row.choices, event.data))
    match event.data:
        case e.OrderDrafted(lines=lines):
            products = (Product(line_id=x.line_id, product=x.product) for x in lines)
            return replace(row, products=tuple(products))
        case e.SpecialInstructionGiven(instruction_id=id):
            return replace(row, wishes=(*row.wishes, InstructionOutcome(instruction_id=id)))
        case e.SpecialInstructionInterpreted(instruction_id=id, operations=operations) as read:
            return _wish(row, id, understood=bool(operations) and not read.unsure)
        case e.SpecialInstructionAccepted(instruction_id=id):
            return _wish(row, id, answer="accepted")
        case e.SpecialInstructionDeclined(instruction_id=id):
            return _wish(row, id, answer="declined")
    return row


def _wish(row: QualityRow, id: str, **now: Any) -> QualityRow:
    wishes = tuple(replace(w, **now) if w.instruction_id == id else w for w in row.wishes)
    return replace(row, wishes=wishes)


projection = Projection(
    "quality", 2, QualityRow, keys, evolve,
    answers="Which options were chosen, and what did the checks say?", look_up=("customer",),
)  # fmt: skip
