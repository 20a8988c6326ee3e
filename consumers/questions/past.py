"""Rows as they were at a time."""

from __future__ import annotations

from datetime import datetime

from consumers.movers.past import past_rows
from consumers.ports.keys import Owners
from consumers.ports.log import Log
from consumers.ports.store import Store
from consumers.ports.views import RowFilter, ViewReader
from consumers.questions.rows import find_view, key_filter, resolve_key
from domain.errors import NotFound
from domain.event import TYPES
from domain.subject import CUSTOMER, Subject, without_kind
from projections.view import AnyProjection, Row


def rows_as_of(
    view: str,
    key: str,
    *,
    as_of: datetime | None,
    valid_at: datetime | None,
    log: Log,
    views: ViewReader,
    store: Store,
    owners: Owners,
) -> list[Row]:
    """Return the rows of a key, from the events recorded by `as_of` that happened by `valid_at`.

    Raises NotFound for an unknown view, and for a key that does not lead to one owner: the rows are
    folded again from the events of that owner alone.
    """
    projection = find_view(view)
    key = resolve_key(key, owners)
    where = key_filter(projection, key)
    candidates = _owners(projection, key, where, views, store, owners)
    if len(candidates) != 1:
        raise NotFound(
            f"{key} does not lead to one customer or stream: name an order, a design, a catalogue "
            "or a customer",
            "key",
        )
    rows = past_rows(projection, log, candidates.pop(), as_of=as_of, valid_at=valid_at)
    matching = [
        (row_key, row)
        for row_key, row in rows
        if any(str(_value(row_key, row, column)) in where[column] for column in where)
    ]
    return sorted_rows(projection, matching)


def sorted_rows(projection: AnyProjection, rows: list[tuple[str, Row]]) -> list[Row]:
    """Return rows, given with their keys, in the order in which the database returns them."""

    def order(pair: tuple[str, Row]) -> tuple[bool, object]:
        value = _value(*pair, projection.sort_by)
        return value is None, value  # rows without a value are last

    return [row for _, row in sorted(rows, key=order)]


def _owners(
    projection: AnyProjection,
    key: str,
    where: RowFilter,
    views: ViewReader,
    store: Store,
    owners: Owners,
) -> set[str]:
    """The owners of a key's rows; if it has none, of the stream or customer of that name."""
    if of_rows := views.owners(projection, where):
        return of_rows
    kinds = {name.partition(".")[0] for name in TYPES}
    streams = store.owners([key, *(str(Subject(kind, key)) for kind in kinds)])
    return set(streams.values()) or set(owners.purposes([without_kind(key, CUSTOMER)]))


def _value(key: str, row: Row, column: str) -> object:
    return key if column == "key" else getattr(row, column)
