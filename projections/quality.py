"""How well orders were made: what was chosen, what the checks said, and what customers asked."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Literal, cast

from domain.order import events as e
from domain.order import reports as r
from domain.order.course import evolve as evolve_order
from domain.order.progress import Check, Progress
from domain.personal import Plain, Pseudonym
from projections.view import Handled, Projection, View


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """An option of a line; the product stands as an option of that name."""

    line_id: Plain[str]
    option: Plain[str]
    value: Plain[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A change order that nobody has answered: a value of None clears the option."""

    change_id: Plain[str]
    line_id: Plain[str]
    option: Plain[str]
    value: Plain[str | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """A special instruction. `understood` is None until it is interpreted."""

    instruction_id: Plain[str]
    understood: Plain[bool | None] = None
    answer: Plain[Literal["open", "accepted", "declined"]] = "open"


@dataclass(frozen=True, slots=True, kw_only=True)
class QualityRow(View):
    order_id: Pseudonym[str]
    customer: Pseudonym[str | None]
    products: Plain[tuple[Chosen, ...]] = ()
    options: Plain[tuple[Chosen, ...]] = ()
    asked: Plain[tuple[Asked, ...]] = ()
    wishes: Plain[tuple[Wish, ...]] = ()
    checks: Plain[tuple[Check, ...]] = ()


_CHECKS = {r.QualityCheckPassed, r.QualityCheckFailed, e.ReworkOrdered, e.ReworkEscalated}
_HANDLED = {
    *_CHECKS,
    e.OrderDrafted,
    e.OptionChosen,
    e.OptionCleared,
    e.ChangeOrderRequested,
    e.ChangeOrderApproved,
    e.ChangeOrderRejected,
    e.SpecialInstructionGiven,
    e.SpecialInstructionInterpreted,
    e.SpecialInstructionAccepted,
    e.SpecialInstructionDeclined,
}


def keys(event: Handled) -> Iterable[str]:
    return [event.event.subject.partition("/")[2]] if type(event.data) in _HANDLED else []


def evolve(row: QualityRow | None, event: Handled) -> QualityRow:
    said = event.event
    row = row or QualityRow(order_id=said.subject.partition("/")[2], customer=said.customerid)
    if type(event.data) in _CHECKS:
        data = cast(e.OrderEvent, event.data)
        checked = evolve_order(Progress(checks=row.checks), data, said.time)
        return replace(row, checks=checked.checks)
    match event.data:
        case e.OrderDrafted(lines=lines):
            products = (Chosen(line_id=x.line_id, option="product", value=x.product) for x in lines)
            return replace(row, products=tuple(products))
        case e.OptionChosen(line_id=line, option=option, value=value):
            return _chosen(row, line, option, value)
        case e.OptionCleared(line_id=line, option=option):
            return _chosen(row, line, option, None)
        case e.ChangeOrderRequested() as asked:
            new = Asked(
                change_id=asked.change_id, line_id=asked.line_id, option=asked.option,
                value=asked.value,
            )  # fmt: skip
            return replace(row, asked=(*row.asked, new))
        case e.ChangeOrderApproved(change_id=id) | e.ChangeOrderRejected(change_id=id):
            answered = [a for a in row.asked if a.change_id == id]
            row = replace(row, asked=tuple(a for a in row.asked if a.change_id != id))
            if isinstance(event.data, e.ChangeOrderApproved):
                for change in answered:
                    row = _chosen(row, change.line_id, change.option, change.value)
            return row
        case e.SpecialInstructionGiven(instruction_id=id):
            return replace(row, wishes=(*row.wishes, Wish(instruction_id=id)))
        case e.SpecialInstructionInterpreted(instruction_id=id, operations=operations):
            return _wish(row, id, understood=bool(operations))
        case e.SpecialInstructionAccepted(instruction_id=id):
            return _wish(row, id, answer="accepted")
        case e.SpecialInstructionDeclined(instruction_id=id):
            return _wish(row, id, answer="declined")
    return row


def _chosen(row: QualityRow, line: str, option: str, value: str | None) -> QualityRow:
    others = tuple(c for c in row.options if (c.line_id, c.option) != (line, option))
    if value is None:
        return replace(row, options=others)
    return replace(row, options=(*others, Chosen(line_id=line, option=option, value=value)))


def _wish(row: QualityRow, id: str, **now: Any) -> QualityRow:
    wishes = tuple(replace(w, **now) if w.instruction_id == id else w for w in row.wishes)
    return replace(row, wishes=wishes)


projection = Projection(
    "quality", 1, QualityRow, keys, evolve,
    answers="Which options were chosen, and what did the checks say?", look_up=("customer",),
)  # fmt: skip
