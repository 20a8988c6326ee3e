"""Orders, as far as they are: what of each is queued, started and completed, and where."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Literal, cast
from uuid import UUID

from domain.order.events import OrderEvent
from domain.order.evolve import evolve as evolve_order
from domain.order.expected import unexpected
from domain.order.progress import INACTIVE, Progress
from domain.personal import Plain, Pseudonym
from domain.subject import Subject
from projections.choices import Choices, Choosing, ChosenOption
from projections.choices import evolve as choose
from projections.view import AnyEvent, Part, Projection, Row


class Broken(Part, frozen=True, kw_only=True):
    """A rule that a report broke when it came; the report stands all the same."""

    event_id: Plain[UUID]
    rule: Plain[str]
    time: Plain[datetime]


class BacklogRow(Row, frozen=True, kw_only=True):
    """An order; its operations are kept for good.

    What was unexpected stands here and nowhere else: only who has the order's progress can tell.
    """

    order_id: Pseudonym[str]
    customer: Pseudonym[str | None]
    status: Plain[str]
    progress: Plain[Progress]
    choices: Plain[Choices] = Choices()
    unexpected: Plain[tuple[Broken, ...]] = ()


def may_change(row: BacklogRow, chosen: ChosenOption) -> Literal["yes", "by change order", "no"]:
    """Whether a choice may still be changed, and how (domain.md, The order)."""
    if row.progress.status in INACTIVE:
        return "no"
    frozen = row.progress.is_frozen(chosen.line_id, chosen.stage)
    return "by change order" if frozen else "yes"


def keys(event: AnyEvent) -> Iterable[str]:
    subject = Subject.parse(event.event.subject)
    return [subject.id] if subject.kind == "order" else []


def evolve(row: BacklogRow | None, event: AnyEvent) -> BacklogRow:
    before, flagged = (row.progress, row.unexpected) if row else (Progress(), ())
    choices = row.choices if row else Choices()
    said = event.event
    data = cast(OrderEvent, event.data)
    if isinstance(data, Choosing):
        choices = choose(choices, data)
    if rules := unexpected(before, data):
        flagged += tuple(Broken(event_id=said.id, rule=rule, time=said.time) for rule in rules)
    progress = evolve_order(before, data, said.time)
    return BacklogRow(
        order_id=Subject.parse(said.subject).id,
        customer=said.customerid,
        status=progress.status,
        progress=progress,
        choices=choices,
        unexpected=flagged,
    )


projection = Projection(
    "backlog", 3, BacklogRow, keys, evolve,
    answers="Which orders are being made, and how far?", look_up=("customer",),
)  # fmt: skip
