"""The view `audit`: one row for each event, with who recorded it and what caused it."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from domain.event import Data, event_id, recorded_id
from domain.personal import Personal, Plain, Pseudonym
from projections.view import AnyEvent, Projection, Row

_COMMAND_EVENTS = 16
"""How many ids of a command's events are compared: no command records more than a handful."""


class AuditRow(Row, frozen=True, kw_only=True):
    """An event. `cause` is our id of the event or command that `causationid` names."""

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


audit = Projection(
    "audit", 1, AuditRow,
    answers="Who did what, about whom, and because of what?",
    find_by="subject", sort_by="number", look_up=("cause",),
)  # fmt: skip


def _by_event(event: AnyEvent) -> str:
    return str(event.event.id)


@audit.on(Data, key=_by_event)
def add_event(_: AuditRow | None, event: AnyEvent) -> AuditRow:
    envelope = event.event
    cause = _cause(envelope.source, envelope.causationid) if envelope.causationid else None
    return AuditRow(
        event_id=envelope.id,
        subject=envelope.subject,
        type=envelope.type,
        time=envelope.time,
        recorded=event.recorded,
        position=str(event.position),
        number=event.position.number,
        actor=envelope.actor,
        channel=envelope.channel,
        causationid=envelope.causationid,
        cause=cause,
        by_command=cause is not None
        and any(recorded_id(cause, n) == envelope.id for n in range(_COMMAND_EVENTS)),
        reason=envelope.reason,
    )


def _cause(source: str, causationid: str) -> UUID:
    """Our id of a cause. A uuid5 is one already; any other text is a publisher's id of an event."""
    try:
        id = UUID(causationid)
    except ValueError:
        return event_id(source, causationid)
    return id if id.version == 5 else event_id(source, causationid)
