"""The rows of the views, with the positions that they contain."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from projections.view import AnyProjection, Row


class Fenced(Exception):
    """Another member holds the partition by now: what was folded is not written."""


@dataclass(frozen=True, slots=True)
class ParkedEvent:
    """An event that waits, with the reason. A key of None means: all keys of its owner."""

    number: int
    key: str | None
    owner: str
    reason: str


@dataclass(frozen=True, slots=True)
class ViewChange:
    """What a batch did to a partition's rows: None removes one. Written whole or not at all."""

    projection: AnyProjection
    partition: int
    epoch: int
    after: int
    upto: int
    rows: Mapping[str, tuple[str, Row | None]]  # key → owner, row
    parked: Sequence[ParkedEvent] = ()
    freed: Sequence[ParkedEvent] = ()  # wait no longer


class Views(Protocol):
    """Where a projection's rows are, each partition with its own position."""

    def prepare(self, projection: AnyProjection) -> None:
        """Makes a table for a view that has none; another version of one waits for a rebuild."""
        ...

    def live(self) -> Mapping[str, str]:
        """The groups whose rows are shown, by name of view."""
        ...

    def position(self, group: str, partition: int) -> int:
        """The number of the last event that the rows contain."""
        ...

    def parked_events(self, group: str, partition: int) -> list[ParkedEvent]:
        """What waits in a partition, in order."""
        ...

    def load(
        self, projection: AnyProjection, partition: int, keys: Collection[str]
    ) -> dict[str, Row]:
        """Those of the rows that there are."""
        ...

    def stop(self, group: str, partition: int, epoch: int, reason: str) -> None:
        """Notes that a partition is not read on, and why; the next commit takes it back."""
        ...

    def commit(self, changes: Sequence[ViewChange]) -> None:
        """Writes rows, positions and epochs in one transaction. Raises Fenced if one of them is."""
        ...

    def amend(
        self, projection: AnyProjection, partition: int, make: Callable[[int, int], ViewChange]
    ) -> None:
        """Commits what `make` gives for an epoch and a position, and fences off who was at it."""
        ...
