"""Folds the log into a view: a batch of a partition at a time, rows and position together."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Collection, Mapping, Sequence, Set
from dataclasses import dataclass, field

from consumers.movers.fold import LogEvent, fold
from consumers.movers.log_copy import LogCopy
from consumers.movers.parked import again, drop_of, freed
from consumers.ports.log import Hole, Log, ReaderAhead
from consumers.ports.views import Fenced, ParkedEvent, ViewChange, Views
from projections.view import AnyProjection

BATCH = 5_000
TOGETHER = 200
"""Rows from which a transaction is worth its commit; a smaller one takes what other views have."""

POLL_S = 0.1
"""After so long a member looks who else there is, and says that it lives."""

MINUTE_S = 60.0
POISON_LEAST, POISON_SHARE = 20, 0.01
"""More keys parked in a minute than both of these are no poison but a bad deploy."""


@dataclass(slots=True)
class _Minute:
    """The keys of a partition in the last minute, and those of them that were parked.

    Each batch counts its own, and they are summed: to keep every key of a minute takes too much.
    """

    began: float
    keys: int = 0
    waits: int = 0
    parked: set[tuple[str, str | None]] = field(default_factory=set)

    def count(self, keys: Set[str], parked: Collection[ParkedEvent]) -> None:
        waiting = {(p.owner, p.key) for p in parked}
        self.keys += len(keys | {p.key for p in parked if p.key})
        self.waits += len(waiting)
        self.parked |= waiting

    @property
    def bad_deploy(self) -> bool:
        return len(self.parked) >= POISON_LEAST and self.waits > POISON_SHARE * self.keys


@dataclass(slots=True)
class _Held:
    """A partition that this member holds, as far as it has come."""

    epoch: int
    position: int
    parked: set[tuple[str, str | None]]  # owner, key
    minute: _Minute
    stopped: bool = False


@dataclass(frozen=True, slots=True)
class _Folded:
    """A batch that is not committed yet; `parked` is what waits in its partition then."""

    projector: Projector
    held: _Held
    change: ViewChange
    events: int
    parked: set[tuple[str, str | None]]


ReadPage = Callable[[int, int, int], list[LogEvent]]
"""`Log.read`: partition, after, limit."""


class Projector:
    """A member of a view's consumer group."""

    def __init__(
        self,
        projection: AnyProjection,
        log: Log,
        views: Views,
        member: str,
        batch: int = BATCH,
        clock: Callable[[], float] = time.monotonic,
        read: ReadPage | None = None,
        copy: LogCopy | None = None,
    ) -> None:
        self._projection, self._log, self._views, self._batch = projection, log, views, batch
        self._clock, self._read, self._copy = clock, read or log.read, copy
        views.prepare(projection)
        self._subscription = log.subscribe(projection.group, member)
        self._held: dict[int, _Held] = {}
        self._again_at = -math.inf
        self.refused = 0

    @property
    def group(self) -> str:
        return self._projection.group

    @property
    def positions(self) -> Mapping[int, int]:
        """What the rows of the partitions that it holds contain."""
        return {partition: held.position for partition, held in self._held.items()}

    def step(self) -> int:
        """One batch of each partition that is behind; the number of events, 0 when none is."""
        return step([self])

    def poll(self) -> None:
        """Says that this member lives, and learns what it holds."""
        assigned = self._subscription.poll()
        self._again_at = self._clock() + min(POLL_S, assigned.session_s / 3)
        epochs = assigned.epochs
        for partition in set(self._held) - set(epochs):
            del self._held[partition]
        for partition, epoch in epochs.items():
            if partition not in self._held or self._held[partition].epoch != epoch:
                self._held[partition] = self._hold(partition, epoch)

    def behind(self, partition: int, bound: int) -> bool:
        """Whether it holds a partition in which there may be news."""
        if self._clock() > self._again_at:
            self.poll()
        held = self._held.get(partition)
        return held is not None and not held.stopped and held.position != bound

    @property
    def views(self) -> Views:
        return self._views

    def bounds(self) -> Mapping[int, int]:
        return self._log.bounds()

    def drain(self) -> int:
        """Steps until the view has everything that its partitions had."""
        self.poll()
        total = 0
        while handled := self.step():
            total += handled
        return total

    def close(self) -> None:
        self._subscription.close()

    def _hold(self, partition: int, epoch: int) -> _Held:
        group = self._projection.group
        waiting = {(p.owner, p.key) for p in self._views.parked_events(group, partition)}
        position = self._views.position(group, partition)
        # Another version may be shown; a switch to this one is told by a new epoch.
        idle = self._views.live().get(self._projection.name) != group
        return _Held(epoch, position, waiting, _Minute(self._clock()), idle)

    def fold(self, partition: int) -> _Folded | None:
        """Folds one batch of a partition that it holds."""
        held = self._held[partition]
        events = self._until_drop(self._page(partition, held.position))
        if not events:
            return None
        upto = events[-1].position.number
        projection, folding = self._projection, self._projection
        waiting, handled = held.parked, len(events)
        going_on: list[ParkedEvent] = []
        if drop := drop_of(projection.name, events[0]):
            going_on = freed(drop, self._views.parked_events(projection.group, partition))
            folding, before = again(projection, self._log, partition, going_on)
            events = [*before, *events]
            waiting = waiting - {(p.owner, p.key) for p in going_on}
        rows, parked = fold(
            folding, events, lambda keys: self._views.load(projection, partition, keys), waiting
        )
        if self._clock() - held.minute.began > MINUTE_S:
            held.minute = _Minute(self._clock())
        held.minute.count(rows.keys(), parked)
        if held.minute.bad_deploy:
            held.stopped = True
            self._views.stop(projection.group, partition, held.epoch, parked[-1].reason)
            return None
        change = ViewChange(
            projection, partition, held.epoch, held.position, upto, rows, parked, going_on
        )
        return _Folded(self, held, change, handled, waiting | {(p.owner, p.key) for p in parked})

    def _page(self, partition: int, after: int) -> list[LogEvent]:
        """The next events; none while a relay has still to copy them to the log."""
        try:
            return self._read(partition, after, self._batch)
        except (ReaderAhead, Hole) as error:
            if self._copy is None:
                raise
            if self._copy.lacks(partition, error.missing):
                return []
        return self._read(partition, after, self._batch)  # a relay may have copied them just now

    def let_go(self, partition: int) -> None:
        """Of a partition that somebody else holds by now."""
        self.refused += 1
        self._held.pop(partition, None)
        self._again_at = -math.inf

    def _until_drop(self, events: Sequence[LogEvent]) -> Sequence[LogEvent]:
        """The events before the next drop of this view, or that drop alone."""
        drops = (n for n, e in enumerate(events) if drop_of(self._projection.name, e))
        return events[: next(drops, len(events)) or 1]


def step(projectors: Sequence[Projector]) -> int:
    """One batch of each partition for each of them, one partition after another."""
    bounds = projectors[0].bounds()
    handled, waiting = 0, list[_Folded]()
    for partition in sorted(bounds):
        for projector in projectors:
            if not projector.behind(partition, bounds[partition]):
                continue
            if folded := projector.fold(partition):
                waiting.append(folded)
            if sum(len(one.change.rows) for one in waiting) > TOGETHER:
                handled += _commit(projectors[0].views, waiting)
                waiting = []
    return handled + _commit(projectors[0].views, waiting)


def _commit(views: Views, folded: Sequence[_Folded]) -> int:
    """The number of events that are in the views now."""
    if not folded:
        return 0
    try:
        views.commit([one.change for one in folded])
    except Fenced:
        if len(folded) > 1:  # the others need not suffer for it
            return sum(_commit(views, [one]) for one in folded)
        folded[0].projector.let_go(folded[0].change.partition)
        return 0
    for one in folded:
        one.held.position, one.held.parked = one.change.upto, one.parked
    return sum(one.events for one in folded)


def last_page(read: ReadPage) -> ReadPage:
    """Remembers a page: several projectors that go side by side have it decoded once."""
    asked: tuple[int, int, int] | None = None
    page: list[LogEvent] = []

    def remembered(partition: int, after: int, limit: int) -> list[LogEvent]:
        nonlocal asked, page
        if asked != (partition, after, limit) or not page:
            page, asked = [], (partition, after, limit)  # let go of the old one first
            page = read(partition, after, limit)
        return page

    return remembered
