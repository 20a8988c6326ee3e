"""The rebuild of views from the log.

New rows are made beside those that are shown, and then replace them. No emitter runs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field

from consumers.movers.fold import LogEvent, Rows, fold
from consumers.movers.parked import Dropped, without_dropped_events, without_dropped_keys
from consumers.ports.log import Log, ReaderAhead
from consumers.ports.views import Goal, OwnedRow, RowDifference, RowTarget, ViewBuild
from domain.errors import Refusal
from domain.event import Position
from projections.view import AnyProjection, Row

PAGE = 10_000
MAX_ROWS = 50_000
"""Rows of a partition that are kept in memory before they are written."""

OnProgress = Callable[[int], None]
"""Called with the number of events of each page that was read."""


class PoisonEvent(Refusal):
    """An event cannot be folded, so the view cannot be rebuilt; its old rows stay."""

    code = "poison-event"
    has_remedy = True

    def __init__(self, view: str, position: Position, key: str | None, reason: str) -> None:
        about = f"key {key}" if key else "any key of its owner"
        super().__init__(
            f"{view}: the event at {position} cannot be folded into {about}: {reason}. Correct the "
            "projection, or drop the event where it is parked; the old rows of the view stay",
            view=view, position=str(position), number=position.number, key=key,
        )  # fmt: skip


class DroppedMeanwhile(Refusal):
    """A parked event was dropped during the rebuild, which went on without knowing it."""

    code = "dropped-meanwhile"
    has_remedy = True

    def __init__(self, view: str) -> None:
        super().__init__(
            f"{view}: an event was dropped during the rebuild: rebuild it again", view=view
        )


@dataclass(frozen=True, slots=True)
class RebuildResult:
    """How the new rows of a view differ from the old ones, and whether they are shown now."""

    view: str
    same_version: bool
    difference: RowDifference
    switched: bool


def rebuild(
    log: Log,
    builds: Sequence[ViewBuild],
    *,
    accept: bool = False,
    on_progress: OnProgress = lambda _: None,
) -> Iterator[RebuildResult]:
    """Rebuild views, and yield the result of each. The log is read once for all of them.

    New rows of the same version replace the old ones if none differs, rows of another version if
    `accept` is true. Raises PoisonEvent where an event cannot be folded, DroppedMeanwhile where a
    parked event is dropped during the rebuild.
    """
    dropped = {b.projection.name: log.dropped_events(b.projection.name) for b in builds}
    _follow(log, [(build, build.goal()) for build in builds], dropped, on_progress)
    for build in builds:
        name = build.projection.name

        def follow(goal: Goal, build: ViewBuild = build, name: str = name) -> None:
            if log.dropped_events(name) != dropped[name]:
                raise DroppedMeanwhile(name)
            _follow(log, [(build, goal)], dropped, on_progress)

        difference = build.compare(follow)
        switched = not difference.count if build.same_version else accept
        if switched:
            # Projectors wait during the switch, so little is left to fold in it.
            while sum((goal := build.goal()).values()) - sum(build.positions.values()) > PAGE:
                follow(goal)
            build.switch(follow)
        yield RebuildResult(name, build.same_version, difference, switched)


def fold_until(
    projection: AnyProjection, log: Log, goal: Goal, on_progress: OnProgress = lambda _: None
) -> list[tuple[str, Row]]:
    """Return the rows, with keys, that the events up to `goal` lead to. Raises PoisonEvent."""
    target = _Memory(projection)
    _follow(
        log, [(target, goal)], {projection.name: log.dropped_events(projection.name)}, on_progress
    )
    return [(key, row) for (_, key), (_, row) in target.rows.items()]


@dataclass
class _Memory:
    """Rows in memory, for one answer."""

    projection: AnyProjection
    positions: dict[int, int] = field(default_factory=dict)
    rows: dict[tuple[int, str], OwnedRow] = field(default_factory=dict)

    def load(self, partition: int, keys: Set[str]) -> Mapping[str, OwnedRow]:
        return {k: row for k in keys if (row := self.rows.get((partition, k)))}

    def write(self, partition: int, rows: Mapping[str, tuple[str, Row | None]], upto: int) -> None:
        self.positions[partition] = upto
        for key, (owner, row) in rows.items():
            if row is None:
                self.rows.pop((partition, key), None)
            else:
                self.rows[partition, key] = owner, row


def _follow(
    log: Log,
    goals: Sequence[tuple[RowTarget, Goal]],
    dropped: Mapping[str, Mapping[int, Dropped]],
    on_progress: OnProgress,
) -> None:
    """Fold the log into each target up to its goal, one partition after the other."""
    for partition in sorted(log.heads()):
        runs = [
            _Run(target, partition, goal[partition], dropped[target.projection.name])
            for target, goal in goals
            if target.positions.get(partition, 0) < goal.get(partition, 0)
        ]
        after = min((run.position for run in runs), default=0)
        last = max((run.goal for run in runs), default=0)
        while after < last:
            page = log.read(partition, after, min(PAGE, last - after))
            if not page:
                raise ReaderAhead(partition, last, after)
            for run in runs:
                run.fold_page(page, after)
            after += len(page)
            on_progress(len(page))
        for run in runs:
            run.flush()


class _Run:
    """The fold of a partition into one target."""

    def __init__(
        self, target: RowTarget, partition: int, goal: int, dropped: Mapping[int, Dropped]
    ) -> None:
        self.goal, self.position = goal, target.positions.get(partition, 0)
        self._target, self._partition = target, partition
        self._dropped = dropped.get(partition, frozenset())
        self._projection = without_dropped_keys(target.projection, self._dropped)
        self._rows: Rows = {}

    def fold_page(self, page: Sequence[LogEvent], after: int) -> None:
        """Fold the events of a page between the position and the goal. Raises PoisonEvent."""
        if self.position == self.goal:
            return
        events = page[self.position - after : self.goal - after]
        kept = without_dropped_events(events, self._dropped)
        rows, parked = fold(self._projection, kept, self._load)
        if parked:
            first = min(parked, key=lambda p: p.number)
            at = events[first.number - self.position - 1].position
            raise PoisonEvent(self._projection.name, at, first.key, first.reason)
        self._rows |= rows
        self.position += len(events)
        if len(self._rows) > MAX_ROWS:
            self.flush()

    def flush(self) -> None:
        self._target.write(self._partition, self._rows, self.position)
        self._rows = {}

    def _load(self, keys: Set[str]) -> Mapping[str, OwnedRow]:
        rows: dict[str, OwnedRow] = {}
        for key in keys & self._rows.keys():
            owner, row = self._rows[key]
            if row is not None:
                rows[key] = owner, row
        if missing := keys - self._rows.keys():
            rows |= self._target.load(self._partition, missing)
        return rows
