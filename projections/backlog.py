"""Orders, as far as they are: what of each is queued, started and completed, and where."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import cast

from domain.order.events import OrderEvent
from domain.order.progress import Progress
from domain.order.progress import evolve as evolve_order
from domain.personal import Plain, Pseudonym
from projections.view import Handled, Projection, View


@dataclass(frozen=True, slots=True, kw_only=True)
class BacklogRow(View):
    """An order; its operations are kept for good."""

    order_id: Pseudonym[str]
    customer: Pseudonym[str | None]
    status: Plain[str]
    progress: Plain[Progress]


def keys(event: Handled) -> Iterable[str]:
    kind, _, order = event.event.subject.partition("/")
    return [order] if kind == "order" else []


def evolve(row: BacklogRow | None, event: Handled) -> BacklogRow:
    before = row.progress if row else Progress()
    said = event.event
    progress = evolve_order(before, cast(OrderEvent, event.data), said.time)
    return BacklogRow(
        order_id=said.subject.partition("/")[2],
        customer=said.customerid,
        status=progress.status,
        progress=progress,
    )


projection = Projection(
    "backlog", 1, BacklogRow, keys, evolve, answers="Which orders are being made, and how far?"
)
