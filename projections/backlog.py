"""The view `backlog`: each order, with its operations and what has happened to them."""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from uuid import UUID

from msgspec.structs import replace

from domain.event import Recorded
from domain.order.events import OrderEvent
from domain.order.evolve import evolve
from domain.order.expected import unexpected
from domain.order.progress import INACTIVE, Progress
from domain.personal import Plain, Pseudonym
from domain.subject import Subject
from projections.choices import ChoiceEvent, Choices, ChosenOption, changed_choices
from projections.keys import by_order
from projections.view import AnyEvent, Part, Projection, Row


class BrokenRule(Part, frozen=True, kw_only=True):
    """A rule that a report broke when it was recorded. The report is folded all the same."""

    event_id: Plain[UUID]
    rule: Plain[str]
    time: Plain[datetime]


class BacklogRow(Row, frozen=True, kw_only=True):
    """An order. Its operations stay in the row when they are completed.

    `unexpected` is kept here alone: which rules a report breaks depends on the order's progress.
    """

    order_id: Pseudonym[str]
    customer: Pseudonym[str | None]
    status: Plain[str]
    progress: Plain[Progress]
    choices: Plain[Choices] = Choices()
    unexpected: Plain[tuple[BrokenRule, ...]] = ()


def _initial(event: AnyEvent) -> BacklogRow:
    envelope, progress = event.event, Progress()
    return BacklogRow(
        order_id=Subject.parse(envelope.subject).id,
        customer=envelope.customerid,
        status=progress.status,
        progress=progress,
    )


backlog = Projection(
    "backlog", 3, BacklogRow, initial=_initial,
    answers="Which orders are being made, and how far?", look_up=("customer",),
)  # fmt: skip


@backlog.on(OrderEvent, key=by_order)
def move_on(row: BacklogRow, event: Recorded[OrderEvent]) -> BacklogRow:
    envelope, data = event.event, event.data
    choices, broken = row.choices, row.unexpected
    if isinstance(data, ChoiceEvent):
        choices = changed_choices(choices, data)
    if rules := unexpected(row.progress, data):
        time = envelope.time
        broken += tuple(BrokenRule(event_id=envelope.id, rule=r, time=time) for r in rules)
    progress = evolve(row.progress, data, envelope.time)
    return replace(
        row, status=progress.status, progress=progress, choices=choices, unexpected=broken
    )


def may_change(row: BacklogRow, chosen: ChosenOption) -> Literal["yes", "by change order", "no"]:
    """Whether the customer may still change a choice, and how: see `Progress.is_frozen`."""
    if row.progress.status in INACTIVE:
        return "no"
    frozen = row.progress.is_frozen(chosen.line_id, chosen.stage)
    return "by change order" if frozen else "yes"
