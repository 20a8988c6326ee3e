"""Folding a batch of events into rows: what a projector, a rebuild and a look at the past share."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterable, Mapping, Set
from pathlib import Path
from typing import Any

from consumers.ports.log import Undecodable
from consumers.ports.views import ParkedEvent
from projections.view import AnyEvent, AnyProjection, Fold, Row

LogEvent = AnyEvent | Undecodable
Rows = dict[str, tuple[str, Row | None]]
"""Owner and row by key; None removes one."""
ParkedKeys = Set[tuple[str, str | None]]
"""Owners and keys for which an event waits already; a key of None means all of the owner's."""


def fold(
    projection: AnyProjection,
    events: Iterable[LogEvent],
    load: Callable[[Set[str]], Mapping[str, Row]],
    waiting: ParkedKeys = frozenset(),
) -> tuple[Rows, list[ParkedEvent]]:
    """The rows that changed, and the events that wait: theirs stay as they were before."""
    parked: list[ParkedEvent] = []
    waits = set(waiting)
    steps: list[tuple[AnyEvent, str, Fold[Any]]] = []

    def park(event: LogEvent, key: str | None, reason: str) -> None:
        parked.append(ParkedEvent(event.position.number, key, event.owner, reason))
        waits.add((event.owner, key))

    for event in events:
        if waits and (event.owner, None) in waits:
            park(event, None, "waits for an earlier event of its owner")
        elif isinstance(event, Undecodable):
            park(event, None, f"cannot be read: {event.reason}")
        else:
            try:
                steps += [(event, *step) for step in projection.steps(event)]
            except Exception as error:
                park(event, None, reason(error))
    keys = {key for _, key, _ in steps}
    rows: dict[str, Row | None] = dict(load(keys)) if keys else {}
    changed: Rows = {}
    for event, key, fold_event in steps:
        if waits and (event.owner, key) in waits:
            park(event, key, "waits for an earlier event of its key")
            continue
        try:
            row = rows[key] = fold_event(rows.get(key), event)
        except Exception as error:
            park(event, key, reason(error))
        else:
            changed[key] = (event.owner, row)
    return changed, parked


def reason(error: Exception) -> str:
    """The kind of an error and where it arose; its words may hold a value and are left out."""
    at = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__} at {Path(at.filename).name}:{at.lineno}"
