"""The rows of the views, with the positions that they contain."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from domain.event import Cursor
from projections.view import AnyProjection, Row

RowFilter = Mapping[str, Collection[str | UUID]]
"""Rows that have one of the values in one of the columns; without any column, all rows."""


class Fenced(Exception):
    """Another member holds the partition by now: what was folded is not written."""


OwnedRow = tuple[str, Row]
"""The owner of a row, and the row."""


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
    ) -> dict[str, OwnedRow]:
        """Return the existing rows of the keys, with their owners."""
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


class ViewReader(Protocol):
    """The rows of the versions that are shown, for those who only read them."""

    def live(self) -> Mapping[str, str]:
        """The groups whose rows are shown, by name of view."""
        ...

    def select(self, projection: AnyProjection, where: RowFilter, limit: int) -> list[Row]:
        """The first rows, in the order of the projection's `sort_by`, personal values opened."""
        ...

    def stream(self, projection: AnyProjection) -> Iterator[Row]:
        """Every row as of one moment, in no order; personal values stay sealed."""
        ...

    def owners(self, projection: AnyProjection, where: RowFilter) -> set[str]:
        """The owners of the rows."""
        ...

    def parked_events(self, group: str, partition: int | None = None) -> list[ParkedEvent]:
        """The parked events of a partition, in order; None: of all partitions."""
        ...


@dataclass(frozen=True, slots=True)
class GroupLag:
    """How far a consumer group is behind in one partition: by `events`, up to the number `head`.

    `seconds` is the age of the oldest event that the group has not processed. `member` is the
    process that reads the partition. `stopped` is the reason why the partition is not read any
    further, where a fold fails for too many keys.
    """

    group: str
    partition: int
    head: int
    position: int
    events: int
    seconds: float
    member: str | None
    stopped: str | None


class GroupProgress(Protocol):
    """How far consumer groups are."""

    def lags(self, groups: Collection[str]) -> list[GroupLag]:
        """A lag for each group and partition."""
        ...

    def relay(self, log_heads: Mapping[int, int]) -> list[GroupLag]:
        """How far the log, whose heads are given, is behind the store."""
        ...

    def position(self, lags: Collection[GroupLag]) -> Cursor:
        """The cursor up to which all of the groups have processed the log."""
        ...


Goal = Mapping[int, int]
"""The number of each partition up to which to fold."""


class RowTarget(Protocol):
    """Where rows are made anew, partition by partition."""

    @property
    def projection(self) -> AnyProjection: ...

    @property
    def positions(self) -> Mapping[int, int]:
        """How far each partition's rows are."""
        ...

    def load(self, partition: int, keys: Set[str]) -> Mapping[str, OwnedRow]:
        """Return the existing rows of the keys, with their owners."""
        ...

    def write(self, partition: int, rows: Mapping[str, tuple[str, Row | None]], upto: int) -> None:
        """Writes rows and their position."""
        ...


@dataclass(frozen=True, slots=True)
class RowDifference:
    """How many rows there were, are, and differ; of those the first keys."""

    before: int
    after: int
    count: int
    keys: Sequence[str]


class ViewBuild(RowTarget, Protocol):
    """A view's rows, made again beside those that are shown."""

    @property
    def same_version(self) -> bool:
        """Whether the rows that are shown are of this projection's version."""
        ...

    def goal(self) -> Goal:
        """How far the rows that are shown are."""
        ...

    def compare(self, follow: Callable[[Goal], None]) -> RowDifference:
        """Compares with the rows that are shown, where they are; `follow` goes there first."""
        ...

    def switch(self, follow: Callable[[Goal], None]) -> None:
        """Shows these rows from now on, and forgets the others, in one transaction.

        Whoever writes the others is fenced off; `follow` then goes where they are.
        """
        ...
