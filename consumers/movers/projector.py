"""Folds the log into a view: a batch of a partition at a time, rows and position together."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Collection, Iterable, Set
from dataclasses import dataclass, field
from pathlib import Path

from consumers.ports import Change, Fenced, Log, Parked, Undecodable, Views
from projections.view import AnyProjection, Handled, View

BATCH = 5_000
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

    def count(self, keys: Set[str], parked: Collection[Parked]) -> None:
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
    ) -> None:
        self._projection, self._log, self._views, self._batch = projection, log, views, batch
        self._clock = clock
        views.prepare(projection)
        self._subscription = log.subscribe(projection.group, member)
        self._held: dict[int, _Held] = {}
        self.refused = 0

    @property
    def group(self) -> str:
        return self._projection.group

    def step(self) -> int:
        """One batch of each partition that is behind; the number of events, 0 when none is."""
        epochs = self._subscription.poll().epochs
        for partition in set(self._held) - set(epochs):
            del self._held[partition]
        group = self._projection.group
        for partition, epoch in epochs.items():
            if partition not in self._held or self._held[partition].epoch != epoch:
                waiting = {(p.owner, p.key) for p in self._views.parked(group, partition)}
                position = self._views.position(group, partition)
                self._held[partition] = _Held(epoch, position, waiting, _Minute(self._clock()))
        going = {p: held.position for p, held in self._held.items() if not held.stopped}
        return sum(self._advance(p, self._held[p]) for p in self._log.behind(going))

    def drain(self) -> int:
        """Steps until the view has everything that its partitions had."""
        total = 0
        while handled := self.step():
            total += handled
        return total

    def close(self) -> None:
        self._subscription.close()

    def _advance(self, partition: int, held: _Held) -> int:
        events = self._log.read(partition, held.position, self._batch)
        if not events:
            return 0
        upto = events[-1].position.number
        rows, parked = self._fold(partition, held, events)
        if self._clock() - held.minute.began > MINUTE_S:
            held.minute = _Minute(self._clock())
        held.minute.count(rows.keys(), parked)
        if held.minute.bad_deploy:
            held.stopped = True
            self._views.stop(self._projection.group, partition, held.epoch, parked[-1].reason)
            return 0
        change = Change(partition, held.epoch, held.position, upto, rows, parked)
        try:
            self._views.commit(self._projection, change)
        except Fenced:
            self.refused += 1
            del self._held[partition]
            return 0
        held.position = upto
        held.parked |= {(p.owner, p.key) for p in parked}
        return len(events)

    def _fold(
        self, partition: int, held: _Held, events: Iterable[Handled | Undecodable]
    ) -> tuple[dict[str, tuple[str, View | None]], list[Parked]]:
        """The rows that changed, and the events that wait: theirs stay as they were before."""
        parked: list[Parked] = []
        waiting = set(held.parked)
        touched: list[tuple[Handled, str]] = []

        def park(event: Handled | Undecodable, key: str | None, reason: str) -> None:
            parked.append(Parked(event.position.number, key, event.owner, reason))
            waiting.add((event.owner, key))

        for event in events:
            if (event.owner, None) in waiting:
                park(event, None, "waits for an earlier event of its owner")
            elif isinstance(event, Undecodable):
                park(event, None, f"cannot be read: {event.reason}")
            else:
                try:
                    touched += [(event, key) for key in self._projection.keys(event)]
                except Exception as error:
                    park(event, None, _reason(error))
        wanted = {key for _, key in touched}
        before = self._views.load(self._projection, partition, wanted) if wanted else {}
        rows: dict[str, View | None] = dict(before)
        changed: dict[str, tuple[str, View | None]] = {}
        for event, key in touched:
            if (event.owner, key) in waiting:
                park(event, key, "waits for an earlier event of its key")
                continue
            try:
                rows[key] = self._projection.evolve(rows.get(key), event)
            except Exception as error:
                park(event, key, _reason(error))
            else:
                changed[key] = (event.owner, rows[key])
        return changed, parked


def _reason(error: Exception) -> str:
    """The kind of an error and where it arose; its words may hold a value and are left out."""
    at = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__} at {Path(at.filename).name}:{at.lineno}"
