"""The fold of a batch of events into rows, for projectors, rebuilds and rows of the past."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterable, Mapping, Set
from pathlib import Path
from typing import Any

from consumers.ports.log import Undecodable
from consumers.ports.views import OwnedRow, ParkedEvent
from projections.view import AnyEvent, AnyProjection, Fold, Row, SecondOwner

LogEvent = AnyEvent | Undecodable
Rows = dict[str, tuple[str, Row | None]]
"""The owner and the new row of each changed key; None removes the row."""
ParkedKeys = Set[tuple[str, str | None]]
"""Owners and keys that have a parked event; a key of None stands for all keys of the owner."""


def fold(
    projection: AnyProjection,
    events: Iterable[LogEvent],
    load: Callable[[Set[str]], Mapping[str, OwnedRow]],
    parked_keys: ParkedKeys = frozenset(),
) -> tuple[Rows, list[ParkedEvent]]:
    """Return the changed rows, and the events to park; these change no row.

    An event is parked if it cannot be folded, or if an earlier event of its owner and key is
    parked. `load` returns the existing rows of keys.
    """
    parked: list[ParkedEvent] = []
    waiting = set(parked_keys)
    steps: list[tuple[AnyEvent, str, Fold[Any]]] = []

    def park(event: LogEvent, key: str | None, reason: str) -> None:
        parked.append(ParkedEvent(event.position.number, key, event.owner, reason))
        waiting.add((event.owner, key))

    for event in events:
        if waiting and (event.owner, None) in waiting:
            park(event, None, "waits for an earlier event of its owner")
        elif isinstance(event, Undecodable):
            park(event, None, f"cannot be read: {event.reason}")
        else:
            try:
                steps += [(event, *step) for step in projection.steps(event)]
            except Exception as error:
                park(event, None, error_summary(error))
    keys = {key for _, key, _ in steps}
    rows: Rows = dict(load(keys)) if keys else {}
    changed: Rows = {}
    for event, key, fold_event in steps:
        owner = event.owner
        if waiting and (owner, key) in waiting:
            park(event, key, "waits for an earlier event of its key")
            continue
        row_owner, row = rows.get(key) or (owner, None)
        try:
            if row is not None and row_owner != owner:
                raise SecondOwner(projection.name, key)
            rows[key] = changed[key] = owner, fold_event(row, event)
        except Exception as error:
            park(event, key, error_summary(error))
    return changed, parked


def error_summary(error: Exception) -> str:
    """Return the class of an error and where it arose. Its message may contain a value."""
    if isinstance(error, SecondOwner):
        return str(error)
    at = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__} at {Path(at.filename).name}:{at.lineno}"
