"""The events that a view could not fold: listed, folded again, or dropped."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime

import msgspec

from consumers.movers import parked
from consumers.ports.keys import Owners
from consumers.ports.log import Log
from consumers.ports.store import Appended, Store
from consumers.ports.views import ViewReader, Views
from consumers.questions.rows import find_view, resolve_key
from projections.view import Row


class ParkedInView(msgspec.Struct, frozen=True):
    """A parked event of a view.

    It blocks later events of `key`; if `key` is None, all later events of its owner.
    """

    view: str
    number: int
    key: str | None
    owner: str
    reason: str


class FieldChange(msgspec.Struct, frozen=True):
    """A field of a row before and after its parked events were folded."""

    key: str
    field: str
    before: object
    after: object


class StillParked(msgspec.Struct, frozen=True):
    """An event that could not be folded this time either."""

    number: int
    key: str | None
    reason: str


class ParkedRetry(msgspec.Struct, frozen=True):
    """What folding parked events again changed, or in a dry run would change."""

    rows: Sequence[FieldChange]
    parked: Sequence[StillParked]


def list_parked(views: ViewReader) -> list[ParkedInView]:
    """Return the parked events of the views that are shown."""
    return [
        ParkedInView(name, event.number, event.key, event.owner, event.reason)
        for name, group in views.live().items()
        for event in views.parked_events(group)
    ]


def retry_parked(
    view: str, key: str | None, log: Log, views: Views, owners: Owners, *, dry_run: bool
) -> ParkedRetry:
    """Fold parked events of a view again, in their order: all, or those of a key or an owner.

    A dry run writes nothing. Raises NotFound for an unknown view, NotParked where none waits.
    """
    projection = find_view(view)
    resolved = key and resolve_key(key, owners)
    retried = parked.retry(projection, log, views, resolved, dry_run=dry_run)
    return ParkedRetry(
        rows=[
            change
            for row_key in sorted(retried.after)
            for change in _changes(row_key, retried.before.get(row_key), retried.after[row_key])
        ],
        parked=[StillParked(p.number, p.key, p.reason) for p in retried.parked],
    )


def drop_parked(
    view: str,
    key: str,
    numbers: Collection[int],
    log: Log,
    views: Views,
    store: Store,
    owners: Owners,
    *,
    now: datetime,
    channel: str,
    actor: str | None,
) -> list[Appended]:
    """Record that a view skips these parked events. Events that wait behind them are then folded.

    Raises NotFound for an unknown view, NotParked where one of the numbers does not wait for the
    key: then none is dropped.
    """
    projection = find_view(view)
    resolved = resolve_key(key, owners)
    return parked.drop(
        projection, log, views, store, resolved, numbers, now=now, channel=channel, actor=actor
    )


def _changes(key: str, before: Row | None, after: Row | None) -> Iterator[FieldChange]:
    old = msgspec.to_builtins(before) if before else {}
    new = msgspec.to_builtins(after) if after else {}
    for field in {**old, **new}:
        if old.get(field) != new.get(field):
            yield FieldChange(key, field, old.get(field), new.get(field))
