"""Rows as they were, from the events of one owner."""

from __future__ import annotations

from datetime import datetime

from consumers.movers.fold import LogEvent, fold
from consumers.movers.parked import undropped, without
from consumers.ports.log import Log
from domain.event import Recorded
from projections.view import AnyProjection, Row


def past_rows(
    projection: AnyProjection,
    log: Log,
    owner: str,
    *,
    as_of: datetime | None = None,
    valid_at: datetime | None = None,
) -> list[tuple[str, Row]]:
    """An owner's rows by key, from what was recorded by `as_of` and had happened by `valid_at`.

    Events are taken in the order of the log. What cannot be folded leaves its key as it was.
    """

    def known(event: LogEvent) -> bool:
        if not isinstance(event, Recorded):
            return True
        recorded = as_of is None or event.recorded <= as_of
        return recorded and (valid_at is None or event.event.time <= valid_at)

    events = log.events_of(owner)
    if not events:
        return []
    dropped = log.dropped_events(projection.name).get(events[0].position.partition, frozenset())
    kept = [e for e in undropped(events, dropped) if known(e)]
    rows, _ = fold(without(projection, dropped), kept, lambda _: {})
    return [(key, row) for key, (_, row) in rows.items() if row is not None]
