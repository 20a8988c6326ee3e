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
from consumers.movers.parked import drop_in, retry_projection, unparked_by
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

    `keys_seen` and `keys_parked` are sums over batches, so a key may count several times: a set of
    all keys of a minute is too large.
    """

    began: float
    keys_seen: int = 0
    keys_parked: int = 0
    distinct_parked: set[tuple[str, str | None]] = field(default_factory=set)

    def count(self, keys: Set[str], parked: Collection[ParkedEvent]) -> None:
        parked_keys = {(p.owner, p.key) for p in parked}
        self.keys_seen += len(keys | {p.key for p in parked if p.key})
        self.keys_parked += len(parked_keys)
        self.distinct_parked |= parked_keys

    @property
    def is_bad_deploy(self) -> bool:
        return (
            len(self.distinct_parked) >= BAD_DEPLOY_KEYS
            and self.keys_parked > BAD_DEPLOY_SHARE * self.keys_seen
        )


@dataclass(slots=True)
class _PartitionState:
    """A partition that this member holds, with its position and its owners and keys that wait."""

    epoch: int
    position: int
    parked_keys: set[tuple[str, str | None]]
    minute: _Minute
    stopped: bool = False


@dataclass(frozen=True, slots=True)
class _PendingBatch:
    """A batch that is not committed yet, and the parked keys of its partition after it."""

    projector: Projector
    state: _PartitionState
    change: ViewChange
    events: int
    parked_keys: set[tuple[str, str | None]]


ReadPage = Callable[[int, int, int], list[LogEvent]]
"""`Log.read`, with the partition, the number after which to read, and the limit."""


class Projector:
    """A member of a view's consumer group.

    `read` replaces `Log.read`. With a `copy`, a partition whose next events a relay has still to
    copy yields nothing for now; without it, Hole and ReaderAhead are raised. `fenced_commits`
    counts the commits that failed because another member holds the partition by now.
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
        self._states: dict[int, _PartitionState] = {}
        self._poll_at = -math.inf
        self.fenced_commits = 0

    @property
    def group(self) -> str:
        return self._projection.group

    @property
    def positions(self) -> Mapping[int, int]:
        """The number of the last event in the rows, for each partition that this member holds."""
        return {partition: state.position for partition, state in self._states.items()}

    def step(self) -> int:
        """Fold a batch of each partition that is behind; return the number of events."""
        return step([self])

    def poll(self) -> None:
        """Renew the membership, and take note of new and lost partitions."""
        assignment = self._subscription.poll()
        self._poll_at = self._clock() + min(POLL_S, assignment.session_s / 3)
        epochs = assignment.epochs
        for partition in set(self._states) - set(epochs):
            del self._states[partition]
        for partition, epoch in epochs.items():
            if partition not in self._states or self._states[partition].epoch != epoch:
                self._states[partition] = self._hold(partition, epoch)

    def may_be_behind(self, partition: int, bound: int) -> bool:
        """Whether this member holds a partition whose head may be beyond its position."""
        if self._clock() > self._poll_at:
            self.poll()
        state = self._states.get(partition)
        return state is not None and not state.stopped and state.position != bound

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

    def _hold(self, partition: int, epoch: int) -> _PartitionState:
        group = self._projection.group
        parked = {(p.owner, p.key) for p in self._views.parked_events(group, partition)}
        position = self._views.position(group, partition)
        # While another version is shown this one stops; the switch to it brings a new epoch.
        stopped = self._views.live().get(self._projection.name) != group
        return _PartitionState(epoch, position, parked, _Minute(self._clock()), stopped)

    def fold(self, partition: int) -> _PendingBatch | None:
        """Fold the next batch of a partition that this member holds; None if there is none."""
        state = self._states[partition]
        events = self._until_drop(self._page(partition, state.position))
        if not events:
            return None
        upto = events[-1].position.number
        projection, narrowed = self._projection, self._projection
        parked_keys, count = state.parked_keys, len(events)
        unparked: list[ParkedEvent] = []
        if drop := drop_in(events[0], projection.name):
            unparked = unparked_by(drop, self._views.parked_events(projection.group, partition))
            narrowed, before = retry_projection(projection, self._log, partition, unparked)
            events = [*before, *events]
            parked_keys = parked_keys - {(p.owner, p.key) for p in unparked}
        rows, parked = fold(
            narrowed,
            events,
            lambda keys: self._views.load(projection, partition, keys),
            parked_keys,
        )
        if self._clock() - state.minute.began > MINUTE_S:
            state.minute = _Minute(self._clock())
        state.minute.count(rows.keys(), parked)
        if state.minute.is_bad_deploy:
            state.stopped = True
            self._views.stop(projection.group, partition, state.epoch, parked[-1].reason)
            return None
        change = ViewChange(
            projection, partition, state.epoch, state.position, upto, rows, parked, unparked
        )
        parked_keys = parked_keys | {(p.owner, p.key) for p in parked}
        return _PendingBatch(self, state, change, count, parked_keys)

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

    def give_up(self, partition: int) -> None:
        """Give up a partition that another member holds by now."""
        self.fenced_commits += 1
        self._states.pop(partition, None)
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
    count, pending = 0, list[_PendingBatch]()
    for partition in sorted(bounds):
        for projector in projectors:
            if not projector.may_be_behind(partition, bounds[partition]):
                continue
            if batch := projector.fold(partition):
                pending.append(batch)
            if sum(len(batch.change.rows) for batch in pending) > ROWS_OF_A_COMMIT:
                count += _commit(projectors[0].views, pending)
                pending = []
    return count + _commit(projectors[0].views, pending)


def _commit(views: Views, pending: Sequence[_PendingBatch]) -> int:
    """Commit batches in one transaction; return the number of events in those that were."""
    if not pending:
        return 0
    try:
        views.commit([batch.change for batch in pending])
    except Fenced:
        if len(pending) > 1:  # one was refused, and the others with it: commit each by itself
            return sum(_commit(views, [batch]) for batch in pending)
        pending[0].projector.give_up(pending[0].change.partition)
        return 0
    for batch in pending:
        batch.state.position, batch.state.parked_keys = batch.change.upto, batch.parked_keys
    return sum(batch.events for batch in pending)


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
