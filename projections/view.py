"""The shape of a projection: a pure fold from events to rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import msgspec

from domain.event import Data, Recorded


class Row(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A row. Its fields are its columns; personal ones are sealed under the row's owner's key.

    A row belongs to one owner: all its events do.
    """


class Part(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A value inside a row, stored as JSON within one of the row's columns."""


R = TypeVar("R", bound=Row)
AnyEvent = Recorded[Data]


@dataclass(frozen=True)
class Projection(Generic[R]):
    """`answers` is the question that the view answers, as a sentence.

    `keys` names the rows that an event touches; `evolve` gives a row's next state, None removes
    it. Both are pure. Another meaning of a row is another `version`.
    """

    name: str
    version: int
    row: type[R]
    keys: Callable[[AnyEvent], Iterable[str]]
    evolve: Callable[[R | None, AnyEvent], R | None]
    answers: str
    find_by: str = "key"  # the column that a person looks a row up in
    sort_by: str = "key"
    look_up: tuple[str, ...] = ()  # further columns that rows are found by

    @property
    def group(self) -> str:
        """The consumer group, and the name of the table."""
        return f"{self.name}_v{self.version}"

    @property
    def indexed(self) -> list[str]:
        """The columns that need an index of their own."""
        return sorted({self.find_by, *self.look_up} - {"key"})

    def fold(self, events: Iterable[AnyEvent]) -> dict[str, R]:
        """The rows that the events lead to, in memory: what the runner must arrive at too."""
        rows: dict[str, R] = {}
        for event in events:
            for key in self.keys(event):
                row = self.evolve(rows.get(key), event)
                if row is None:
                    rows.pop(key, None)
                else:
                    rows[key] = row
        return rows


AnyProjection = Projection[Any]
