"""Rows as they were, folded from the events of one owner."""

from __future__ import annotations

from datetime import datetime

from consumers.movers.fold import LogEvent, fold
from consumers.movers.parked import without_dropped_events, without_dropped_keys
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
    """Return an owner's rows, with their keys, from the events that had happened by `valid_at`.

    Events that were recorded after `as_of` are left out. The others are folded in the order of the
    log; one that cannot be folded leaves its row as it was.
    """

    def had_happened(event: LogEvent) -> bool:
        if not isinstance(event, Recorded):
            return True
        recorded = as_of is None or event.recorded <= as_of
        return recorded and (valid_at is None or event.event.time <= valid_at)

    events = log.events_of(owner)
    if not events:
        return []
    partition = events[0].position.partition
    dropped = log.dropped_events(projection.name).get(partition, frozenset())
    past = [event for event in without_dropped_events(events, dropped) if had_happened(event)]
    rows, _ = fold(without_dropped_keys(projection, dropped), past, lambda _: {})
    return [(key, row) for key, (_, row) in rows.items() if row is not None]
