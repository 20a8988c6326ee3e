"""Parked events: which are to be folded again, and which were dropped from a view."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import datetime

from consumers.movers.fold import LogEvent, ParkedKeys, Rows, fold
from consumers.ports.log import Log
from consumers.ports.store import Appended, Store, StreamAppend
from consumers.ports.views import OwnedRow, ParkedEvent, ViewChange, Views
from domain.errors import NotFound, Refusal
from domain.event import Event, Recorded, event_id
from domain.parked.events import EventDropped
from domain.subject import is_subject
from projections.view import AnyEvent, AnyProjection, Row

SOURCE = "/ordermade/parked"
Dropped = Set[tuple[int, str | None]]
"""Number and key of each dropped event of a partition; a key of None stands for all of its keys."""


class NotParked(NotFound):
    """No event is parked under the key or number."""

    code = "not-parked"
    has_remedy = True


@dataclass(slots=True)
class RetryResult:
    """Rows before and after parked events were folded again, and those that are still parked.

    `count` is the number of events that were folded again.
    """

    before: dict[str, Row] = field(default_factory=dict)
    after: dict[str, Row | None] = field(default_factory=dict)
    count: int = 0
    parked: list[ParkedEvent] = field(default_factory=list)


def drop_in(event: LogEvent, view: str) -> EventDropped | None:
    """Return the drop that an event records for a view, if it does."""
    data = event.data if isinstance(event, Recorded) else None
    return data if isinstance(data, EventDropped) and data.view == view else None


def without_dropped_keys(projection: AnyProjection, dropped: Dropped) -> AnyProjection:
    """Return the projection without the keys that events were dropped for."""
    if not dropped:
        return projection
    return projection.only(lambda event, key: (event.position.number, key) not in dropped)


def without_dropped_events(events: Iterable[LogEvent], dropped: Dropped) -> list[LogEvent]:
    """Return the events but those that were dropped for all keys."""
    return [e for e in events if (e.position.number, None) not in dropped]


def unparked_by(dropped: EventDropped, parked: Sequence[ParkedEvent]) -> list[ParkedEvent]:
    """Return the parked event that a drop names, and all that wait behind it.

    None if that event is not parked any more.
    """
    keys = {(p.owner, p.key) for p in parked if (p.number, p.key) == (dropped.number, dropped.key)}
    return [p for p in parked if (p.owner, p.key) in keys]


def retry_projection(
    projection: AnyProjection, log: Log, partition: int, parked: Collection[ParkedEvent]
) -> tuple[AnyProjection, list[LogEvent]]:
    """Return parked events in order, and a projection that folds them into the keys they wait for.

    Dropped events are left out. Events that are not parked are folded by it as by the projection.
    """
    # The log has every drop; the view may not have processed the latest ones.
    dropped = log.dropped_events(projection.name).get(partition, frozenset())
    keys: dict[int, set[str | None]] = {}
    for p in parked:
        if (p.number, p.key) not in dropped:
            keys.setdefault(p.number, set()).add(p.key)

    def is_folded(event: AnyEvent, key: str) -> bool:
        awaited = keys.get(event.position.number, {None})
        return None in awaited or key in awaited

    events = [e for number in sorted(keys) for e in log.read(partition, number - 1, 1)]
    return projection.only(is_folded), events


def retry(
    projection: AnyProjection, log: Log, views: Views, key: str | None, *, dry_run: bool = False
) -> RetryResult:
    """Fold parked events again: those of a key, those of an owner, or all.

    A dry run writes nothing. Raises NotParked if there is no such event.
    """
    result = RetryResult()
    for partition in log.heads():
        if not (candidates := _of_key(views.parked_events(projection.group, partition), key)):
            continue

        def make(epoch: int, position: int, partition: int = partition) -> ViewChange:
            parked = views.parked_events(projection.group, partition)
            retried = _of_key(parked, key)
            others = {(p.owner, p.key) for p in parked if p not in retried}
            rows, still_parked = _fold(projection, log, views, partition, retried, others, result)
            return ViewChange(
                projection, partition, epoch, position, position, rows, still_parked, retried
            )

        if dry_run:
            make(0, 0)
        else:
            views.amend(projection, partition, make)
        result.count += len(candidates)
    if not result.count:
        raise NotParked(
            f"no event of {key or projection.name} is parked: list the parked events", "key"
        )
    return result


def _of_key(parked: Sequence[ParkedEvent], key: str | None) -> list[ParkedEvent]:
    """Return the events that are parked for a key, or for all keys of the owner of that name."""
    return [p for p in parked if key in (None, p.key) or (p.key is None and p.owner == key)]


def _fold(
    projection: AnyProjection,
    log: Log,
    views: Views,
    partition: int,
    parked: Sequence[ParkedEvent],
    others: ParkedKeys,
    result: RetryResult,
) -> tuple[Rows, list[ParkedEvent]]:
    def load(keys: Set[str]) -> Mapping[str, OwnedRow]:
        before = views.load(projection, partition, keys)
        result.before |= {key: row for key, (_, row) in before.items()}
        return before

    narrowed, events = retry_projection(projection, log, partition, parked)
    rows, still_parked = fold(narrowed, events, load, others)
    result.after |= {key: row for key, (_, row) in rows.items()}
    result.parked += still_parked
    return rows, still_parked


def drop(
    projection: AnyProjection,
    log: Log,
    views: Views,
    store: Store,
    key: str,
    numbers: Collection[int],
    *,
    now: datetime,
    channel: str,
    actor: str | None = None,
) -> list[Appended]:
    """Record that a view goes on without parked events of a key or an owner.

    Raises NotParked if one of the events is not parked; then none is dropped. While the drop is
    recorded no projector can fold the events.
    """
    answers: list[Appended] = []

    def make(epoch: int, position: int) -> ViewChange:
        parked = {p.number: p for p in _of_key(views.parked_events(group, partition), key)}
        if unknown := [n for n in numbers if n not in parked]:
            raise NotParked(
                f"event {unknown[0]} of {key} is not parked: list the parked events", "number"
            )
        appends = [_append(projection.name, parked[n], now, channel, actor) for n in numbers]
        for answer in store.append(appends):
            if isinstance(answer, Refusal):
                raise answer
            answers.append(answer)
        return ViewChange(projection, partition, epoch, position, position, {})

    group = projection.group
    for partition in log.heads():
        if _of_key(views.parked_events(group, partition), key):
            views.amend(projection, partition, make)
    if not answers:
        raise NotParked(f"no event of {key} is parked: list the parked events", "key")
    return answers


def _append(
    view: str, parked: ParkedEvent, now: datetime, channel: str, actor: str | None
) -> StreamAppend:
    id = f"{view}/{parked.owner}/{parked.key}/{parked.number}"
    event = Event(
        id=event_id(SOURCE, id),
        source=SOURCE,
        subject=f"parked/{view}/{parked.key or parked.owner}",
        time=now,
        data=EventDropped(view=view, key=parked.key, number=parked.number, error=parked.reason),
        customerid=None if is_subject(parked.owner) else parked.owner,
        actor=actor,
        channel=channel,
    )
    return StreamAppend(event.subject, (event,), fingerprint=id.encode(), owner=parked.owner)
