"""The rows of views, and how far consumer groups have processed the log."""

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
    """Another member holds the partition by now, so rows of this member are not written."""


OwnedRow = tuple[str, Row]
"""The owner of a row, and the row."""


@dataclass(frozen=True, slots=True)
class ParkedEvent:
    """An event that a view could not fold, and why.

    A key of None stands for all keys of the owner.
    """

    number: int
    key: str | None
    owner: str
    reason: str


@dataclass(frozen=True, slots=True)
class ViewChange:
    """The changes of one batch to the rows of a partition, written together or not at all.

    The batch goes from number `after + 1` to `upto`. A row of None is removed. `parked` events are
    added to the parked ones and `unparked` ones removed.
    """

    projection: AnyProjection
    partition: int
    epoch: int
    after: int
    upto: int
    rows: Mapping[str, tuple[str, Row | None]]  # the owner and the row of each key
    parked: Sequence[ParkedEvent] = ()
    unparked: Sequence[ParkedEvent] = ()


class Views(Protocol):
    """The rows of projections, and a position for each partition of them."""

    def prepare(self, projection: AnyProjection) -> None:
        """Make a table for a view that has none. A new version of a view needs a rebuild."""
        ...

    def live(self) -> Mapping[str, str]:
        """Return the consumer group whose rows are shown, by name of view."""
        ...

    def position(self, group: str, partition: int) -> int:
        """Return the number of the last event that the rows contain."""
        ...

    def parked_events(self, group: str, partition: int) -> list[ParkedEvent]:
        """Return the parked events of a partition, in order."""
        ...

    def load(
        self, projection: AnyProjection, partition: int, keys: Collection[str]
    ) -> dict[str, OwnedRow]:
        """Return the existing rows of the keys, with their owners."""
        ...

    def stop(self, group: str, partition: int, epoch: int, reason: str) -> None:
        """Note that a partition is not read any further, and why; the next commit removes it."""
        ...

    def commit(self, changes: Sequence[ViewChange]) -> None:
        """Write rows and positions in one transaction. Raises Fenced if an epoch is outdated."""
        ...

    def amend(
        self, projection: AnyProjection, partition: int, make: Callable[[int, int], ViewChange]
    ) -> None:
        """Commit the change that `make` returns for a new epoch and the present position.

        The new epoch keeps the member that holds the partition from committing what it is folding.
        """
        ...


class ViewReader(Protocol):
    """The rows that are shown, to read only."""

    def live(self) -> Mapping[str, str]:
        """Return the consumer group whose rows are shown, by name of view."""
        ...

    def select(self, projection: AnyProjection, where: RowFilter, limit: int) -> list[Row]:
        """Return the first rows, sorted by the projection's `sort_by`, personal values opened."""
        ...

    def stream(self, projection: AnyProjection) -> Iterator[Row]:
        """Yield every row as of one moment, in no order; personal values stay sealed."""
        ...

    def owners(self, projection: AnyProjection, where: RowFilter) -> set[str]:
        """Return the owners of the rows."""
        ...

    def parked_events(self, group: str, partition: int | None = None) -> list[ParkedEvent]:
        """Return the parked events of a partition, in order; None stands for all partitions."""
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
        """Return a lag for each group and partition."""
        ...

    def relay(self, log_heads: Mapping[int, int]) -> list[GroupLag]:
        """Return how far the log, whose heads are given, is behind the store."""
        ...

    def position(self, lags: Collection[GroupLag]) -> Cursor:
        """Return the cursor up to which all of the groups have processed the log."""
        ...


Goal = Mapping[int, int]
"""The number, by partition, of the last event to fold."""


class RowTarget(Protocol):
    """A place for rows that are folded from the start of the log, partition by partition."""

    @property
    def projection(self) -> AnyProjection: ...

    @property
    def positions(self) -> Mapping[int, int]:
        """The number of the last event that the rows contain, by partition."""
        ...

    def load(self, partition: int, keys: Set[str]) -> Mapping[str, OwnedRow]:
        """Return the existing rows of the keys, with their owners."""
        ...

    def write(self, partition: int, rows: Mapping[str, tuple[str, Row | None]], upto: int) -> None:
        """Write the changed rows of a partition, and the number of the last event in them."""
        ...


@dataclass(frozen=True, slots=True)
class RowDifference:
    """The numbers of rows before and after, and of differing rows, with the first of their keys."""

    before: int
    after: int
    count: int
    keys: Sequence[str]


class ViewBuild(RowTarget, Protocol):
    """New rows of a view, beside those that are shown."""

    @property
    def same_version(self) -> bool:
        """Whether the rows that are shown have the version of this projection."""
        ...

    def goal(self) -> Goal:
        """Return the position of the rows that are shown."""
        ...

    def compare(self, follow: Callable[[Goal], None]) -> RowDifference:
        """Compare the new rows with those that are shown, at the same position.

        `follow` folds the new rows up to that position first.
        """
        ...

    def switch(self, follow: Callable[[Goal], None]) -> None:
        """Replace the rows that are shown by the new ones, in one transaction.

        Members that write the old rows are fenced off first; `follow` then folds the new rows up to
        the position of the old ones.
        """
        ...
