"""Every event, as who said what about whom, when and because of what."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from domain.event import Data, Event, event_id, recorded_id
from domain.personal import Personal, Plain, Pseudonym
from projections.view import AnyEvent, Projection, Row

_MOST = 16
"""Events of a command that are tried: none records more than a handful."""


class AuditRow(Row, frozen=True, kw_only=True):
    """`cause` is our id of what `causationid` names: a command that recorded this, or an event."""

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
    cause: Plain[UUID | None]
    by_command: Plain[bool]
    reason: Personal[str | None]


def keys(event: AnyEvent) -> Iterable[str]:
    return [str(event.event.id)]


def evolve(_: AuditRow | None, event: AnyEvent) -> AuditRow:
    said = event.event
    cause = _cause(said) if said.causationid else None
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
        cause=cause,
        by_command=cause is not None
        and any(recorded_id(cause, n) == said.id for n in range(_MOST)),
        reason=said.reason,
    )


def _cause(said: Event[Data]) -> UUID:
    """A uuid5 is an id of ours; everything else is what the same publisher calls an event."""
    text = said.causationid or ""
    try:
        named = UUID(text)
    except ValueError:
        return event_id(said.source, text)
    return named if named.version == 5 else event_id(said.source, text)


projection = Projection(
    "audit", 1, AuditRow, keys, evolve,
    answers="Who did what, about whom, and because of what?", find_by="subject", sort_by="number",
    look_up=("cause",),
)  # fmt: skip
