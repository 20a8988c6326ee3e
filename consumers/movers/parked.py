"""Events that wait: sent on again in their order, or dropped for good."""

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
"""Numbers and keys of a partition's dropped events; a key of None means all of the owner's."""


class NotParked(NotFound):
    """No event is parked under the key or number."""

    code = "not-parked"
    has_remedy = True


@dataclass(slots=True)
class RetryResult:
    """What sending events on made, or would make, of the rows; `parked` wait still."""

    before: dict[str, Row] = field(default_factory=dict)
    after: dict[str, Row | None] = field(default_factory=dict)
    freed: int = 0
    parked: list[ParkedEvent] = field(default_factory=list)


def drop_of(view: str, event: LogEvent) -> EventDropped | None:
    """What an event drops of a view."""
    data = event.data if isinstance(event, Recorded) else None
    return data if isinstance(data, EventDropped) and data.view == view else None


def without(projection: AnyProjection, dropped: Dropped) -> AnyProjection:
    """The projection of a partition's events but those that were dropped."""
    if not dropped:
        return projection
    return projection.only(lambda event, key: (event.position.number, key) not in dropped)


def undropped(events: Iterable[LogEvent], dropped: Dropped) -> list[LogEvent]:
    return [e for e in events if (e.position.number, None) not in dropped]


def freed(drop: EventDropped, parked: Sequence[ParkedEvent]) -> list[ParkedEvent]:
    """What a drop names and all that waits with it; nothing where it does not wait any more."""
    of = {(p.owner, p.key) for p in parked if (p.number, p.key) == (drop.number, drop.key)}
    return [p for p in parked if (p.owner, p.key) in of]


def again(
    projection: AnyProjection, log: Log, partition: int, parked: Collection[ParkedEvent]
) -> tuple[AnyProjection, list[LogEvent]]:
    """The events that wait, in order, and a projection that folds them into the keys they wait for.

    What was dropped is left out, also if no projector has met the drop yet. Other events are folded
    as ever.
    """
    dropped = log.dropped_events(projection.name).get(partition, frozenset())
    waited: dict[int, set[str | None]] = {}
    for p in parked:
        if (p.number, p.key) not in dropped:
            waited.setdefault(p.number, set()).add(p.key)

    def keeps(event: AnyEvent, key: str) -> bool:
        only = waited.get(event.position.number, {None})
        return None in only or key in only

    events = [e for number in sorted(waited) for e in log.read(partition, number - 1, 1)]
    return projection.only(keeps), events


def retry(
    projection: AnyProjection, log: Log, views: Views, key: str | None, *, dry_run: bool = False
) -> RetryResult:
    """Folds again what waits, of a key or of all; a dry run writes nothing."""
    told = RetryResult()
    for partition in log.heads():
        if not (waiting := _of(views.parked_events(projection.group, partition), key)):
            continue

        def make(epoch: int, position: int, partition: int = partition) -> ViewChange:
            parked = views.parked_events(projection.group, partition)
            again_now = _of(parked, key)
            others = {(p.owner, p.key) for p in parked if p not in again_now}
            rows, still = _fold(projection, log, views, partition, again_now, others, told)
            return ViewChange(
                projection, partition, epoch, position, position, rows, still, again_now
            )

        if dry_run:
            make(0, 0)
        else:
            views.amend(projection, partition, make)
        told.freed += len(waiting)
    if not told.freed:
        raise NotParked(
            f"no event of {key or projection.name} is parked: list the parked events", "key"
        )
    return told


def _of(parked: Sequence[ParkedEvent], key: str | None) -> list[ParkedEvent]:
    """What waits for a key, or for its owner as a whole."""
    return [p for p in parked if key in (None, p.key) or (p.key is None and p.owner == key)]


def _fold(
    projection: AnyProjection,
    log: Log,
    views: Views,
    partition: int,
    parked: Sequence[ParkedEvent],
    others: ParkedKeys,
    told: RetryResult,
) -> tuple[Rows, list[ParkedEvent]]:
    def load(keys: Set[str]) -> Mapping[str, OwnedRow]:
        before = views.load(projection, partition, keys)
        told.before |= {key: row for key, (_, row) in before.items()}
        return before

    narrowed, events = again(projection, log, partition, parked)
    rows, still = fold(narrowed, events, load, others)
    told.after |= {key: row for key, (_, row) in rows.items()}
    told.parked += still
    return rows, still


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
    """Records that a view goes on without events that wait. Raises NotParked, and drops none.

    No projector can send an event on between the look at it and the record.
    """
    done: list[Appended] = []

    def make(epoch: int, position: int) -> ViewChange:
        waiting = {p.number: p for p in _of(views.parked_events(projection.group, partition), key)}
        if unknown := [n for n in numbers if n not in waiting]:
            raise NotParked(
                f"event {unknown[0]} of {key} is not parked: list the parked events", "number"
            )
        appends = [_append(projection.name, waiting[n], now, channel, actor) for n in numbers]
        for answer in store.append(appends):
            if isinstance(answer, Refusal):
                raise answer
            done.append(answer)
        return ViewChange(projection, partition, epoch, position, position, {})

    for partition in log.heads():
        if _of(views.parked_events(projection.group, partition), key):
            views.amend(projection, partition, make)
    if not done:
        raise NotParked(f"no event of {key} is parked: list the parked events", "key")
    return done


def _append(
    view: str, parked: ParkedEvent, now: datetime, channel: str, actor: str | None
) -> StreamAppend:
    said = f"{view}/{parked.owner}/{parked.key}/{parked.number}"
    event = Event(
        id=event_id(SOURCE, said),
        source=SOURCE,
        subject=f"parked/{view}/{parked.key or parked.owner}",
        time=now,
        data=EventDropped(view=view, key=parked.key, number=parked.number, error=parked.reason),
        customerid=None if is_subject(parked.owner) else parked.owner,
        actor=actor,
        channel=channel,
    )
    return StreamAppend(event.subject, (event,), fingerprint=said.encode(), owner=parked.owner)
