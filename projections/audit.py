"""Every event, as who said what about whom, when and because of what."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.personal import Personal, Plain, Pseudonym
from projections.view import Handled, Projection, View


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditRow(View):
    event_id: Plain[UUID]
    subject: Pseudonym[str]
    type: Plain[str]
    time: Plain[datetime]
    recorded: Plain[datetime]
    position: Plain[str]
    number: Plain[int]
    actor: Pseudonym[str | None]
    channel: Plain[str | None]
    causationid: Plain[str | None]
    reason: Personal[str | None]


def keys(event: Handled) -> Iterable[str]:
    return [str(event.event.id)]


def evolve(_: AuditRow | None, event: Handled) -> AuditRow:
    said = event.event
    return AuditRow(
        event_id=said.id,
        subject=said.subject,
        type=said.type,
        time=said.time,
        recorded=event.recorded,
        position=str(event.position),
        number=event.position.number,
        actor=said.actor,
        channel=said.channel,
        causationid=said.causationid,
        reason=said.reason,
    )


projection = Projection(
    "audit", 1, AuditRow, keys, evolve,
    answers="Who did what, about whom, and because of what?", find_by="subject", sort_by="number",
)  # fmt: skip
