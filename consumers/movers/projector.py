"""Projectors: they fold the log into views, and write rows and position together.

Each view has a consumer group, and a process is a member of all groups. Several projectors of a
process read each page of the log once, and small changes of several views share a transaction.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Collection, Mapping, Sequence, Set
from dataclasses import dataclass, field

from consumers.movers.fold import LogEvent, fold
from consumers.movers.log_copy import LogCopy
from consumers.movers.parked import drop_in, replay, unparked_by
from consumers.ports.log import Hole, Log, ReaderAhead
from consumers.ports.views import Fenced, ParkedEvent, ViewChange, Views
from projections.view import AnyProjection

BATCH = 5_000
ROWS_OF_A_COMMIT = 200
"""Changes with fewer rows in all are committed together with those of further views."""

POLL_S = 0.1
"""A member renews its membership, and learns which partitions it holds, this often."""

MINUTE_S = 60.0
BAD_DEPLOY_KEYS, BAD_DEPLOY_SHARE = 20, 0.01
"""If so many keys, and so large a share of all keys, are parked in a minute, the fold is faulty."""


@dataclass(slots=True)
class _Minute:
    """The keys of a partition in one minute, and those of them that were parked.

    The numbers of keys of the batches are added: a set of all keys of a minute is too large.
    """

    began: float
    keys: int = 0
    waiting: int = 0
    parked: set[tuple[str, str | None]] = field(default_factory=set)

    def count(self, keys: Set[str], parked: Collection[ParkedEvent]) -> None:
        waiting = {(p.owner, p.key) for p in parked}
        self.keys += len(keys | {p.key for p in parked if p.key})
        self.waiting += len(waiting)
        self.parked |= waiting

    @property
    def is_bad_deploy(self) -> bool:
        return len(self.parked) >= BAD_DEPLOY_KEYS and self.waiting > BAD_DEPLOY_SHARE * self.keys


@dataclass(slots=True)
class _HeldPartition:
    """A partition that this member holds, with its position and its owners and keys that wait."""

    epoch: int
    position: int
    parked_keys: set[tuple[str, str | None]]
    minute: _Minute
    stopped: bool = False


@dataclass(frozen=True, slots=True)
class _FoldedBatch:
    """A batch that is not committed yet, and the parked keys of its partition after it."""

    projector: Projector
    held: _HeldPartition
    change: ViewChange
    events: int
    parked_keys: set[tuple[str, str | None]]


ReadPage = Callable[[int, int, int], list[LogEvent]]
"""`Log.read`, with the partition, the number after which to read, and the limit."""


class Projector:
    """A member of a view's consumer group.

    `read` replaces `Log.read`. With a `copy` it waits for a relay where the log lacks events.
    """

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
        self._held: dict[int, _HeldPartition] = {}
        self._poll_at = -math.inf
        self.refused = 0

    @property
    def group(self) -> str:
        return self._projection.group

    @property
    def positions(self) -> Mapping[int, int]:
        """The number of the last event in the rows, for each partition that this member holds."""
        return {partition: held.position for partition, held in self._held.items()}

    def step(self) -> int:
        """Fold a batch of each partition that is behind; return the number of events."""
        return step([self])

    def poll(self) -> None:
        """Renew the membership, and take note of new and lost partitions."""
        assigned = self._subscription.poll()
        self._poll_at = self._clock() + min(POLL_S, assigned.session_s / 3)
        epochs = assigned.epochs
        for partition in set(self._held) - set(epochs):
            del self._held[partition]
        for partition, epoch in epochs.items():
            if partition not in self._held or self._held[partition].epoch != epoch:
                self._held[partition] = self._hold(partition, epoch)

    def may_be_behind(self, partition: int, bound: int) -> bool:
        """Whether this member holds a partition whose head may be beyond its position."""
        if self._clock() > self._poll_at:
            self.poll()
        held = self._held.get(partition)
        return held is not None and not held.stopped and held.position != bound

    @property
    def views(self) -> Views:
        return self._views

    def bounds(self) -> Mapping[int, int]:
        return self._log.bounds()

    def drain(self) -> int:
        """Step until the rows contain everything that the log had of the partitions."""
        self.poll()
        total = 0
        while handled := self.step():
            total += handled
        return total

    def close(self) -> None:
        self._subscription.close()

    def _hold(self, partition: int, epoch: int) -> _HeldPartition:
        group = self._projection.group
        parked = {(p.owner, p.key) for p in self._views.parked_events(group, partition)}
        position = self._views.position(group, partition)
        # While another version is shown this one stops; the switch to it brings a new epoch.
        stopped = self._views.live().get(self._projection.name) != group
        return _HeldPartition(epoch, position, parked, _Minute(self._clock()), stopped)

    def fold(self, partition: int) -> _FoldedBatch | None:
        """Fold the next batch of a partition that this member holds; None if there is none."""
        held = self._held[partition]
        events = self._until_drop(self._page(partition, held.position))
        if not events:
            return None
        upto = events[-1].position.number
        projection, narrowed = self._projection, self._projection
        parked_keys, count = held.parked_keys, len(events)
        unparked: list[ParkedEvent] = []
        if drop := drop_in(events[0], projection.name):
            unparked = unparked_by(drop, self._views.parked_events(projection.group, partition))
            narrowed, before = replay(projection, self._log, partition, unparked)
            events = [*before, *events]
            parked_keys = parked_keys - {(p.owner, p.key) for p in unparked}
        rows, parked = fold(
            narrowed,
            events,
            lambda keys: self._views.load(projection, partition, keys),
            parked_keys,
        )
        if self._clock() - held.minute.began > MINUTE_S:
            held.minute = _Minute(self._clock())
        held.minute.count(rows.keys(), parked)
        if held.minute.is_bad_deploy:
            held.stopped = True
            self._views.stop(projection.group, partition, held.epoch, parked[-1].reason)
            return None
        change = ViewChange(
            projection, partition, held.epoch, held.position, upto, rows, parked, unparked
        )
        parked_keys = parked_keys | {(p.owner, p.key) for p in parked}
        return _FoldedBatch(self, held, change, count, parked_keys)

    def _page(self, partition: int, after: int) -> list[LogEvent]:
        """Return the next events; none while a relay has still to copy them to the log."""
        try:
            return self._read(partition, after, self._batch)
        except (ReaderAhead, Hole) as error:
            if self._copy is None:
                raise
            if self._copy.lacks(partition, error.missing):
                return []
        return self._read(partition, after, self._batch)  # a relay may have copied them just now

    def let_go(self, partition: int) -> None:
        """Give up a partition that another member holds by now."""
        self.refused += 1
        self._held.pop(partition, None)
        self._poll_at = -math.inf

    def _until_drop(self, events: Sequence[LogEvent]) -> Sequence[LogEvent]:
        """Return the events before the next drop of this view, or that drop alone."""
        drops = (n for n, e in enumerate(events) if drop_in(e, self._projection.name))
        return events[: next(drops, len(events)) or 1]


def step(projectors: Sequence[Projector]) -> int:
    """Fold a batch of each partition into the view of each projector; return the number of events.

    The projectors have one log and one database.
    """
    bounds = projectors[0].bounds()
    count, folded = 0, list[_FoldedBatch]()
    for partition in sorted(bounds):
        for projector in projectors:
            if not projector.may_be_behind(partition, bounds[partition]):
                continue
            if batch := projector.fold(partition):
                folded.append(batch)
            if sum(len(batch.change.rows) for batch in folded) > ROWS_OF_A_COMMIT:
                count += _commit(projectors[0].views, folded)
                folded = []
    return count + _commit(projectors[0].views, folded)


def _commit(views: Views, folded: Sequence[_FoldedBatch]) -> int:
    """Commit batches in one transaction; return the number of events in those that were."""
    if not folded:
        return 0
    try:
        views.commit([batch.change for batch in folded])
    except Fenced:
        if len(folded) > 1:  # one was refused, and the others with it: commit each by itself
            return sum(_commit(views, [batch]) for batch in folded)
        folded[0].projector.let_go(folded[0].change.partition)
        return 0
    for batch in folded:
        batch.held.position, batch.held.parked_keys = batch.change.upto, batch.parked_keys
    return sum(batch.events for batch in folded)


def last_page(read: ReadPage) -> ReadPage:
    """Return a `read` that keeps its last page, so that several projectors decode it once."""
    last: tuple[int, int, int] | None = None
    page: list[LogEvent] = []

    def read_again(partition: int, after: int, limit: int) -> list[LogEvent]:
        nonlocal last, page
        if last != (partition, after, limit) or not page:
            page, last = [], (partition, after, limit)  # the memory of the last page is freed first
            page = read(partition, after, limit)
        return page

    return read_again
