"""Rows of views for readers, from the version of a view that is live."""

from __future__ import annotations

import typing
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Any, TypeVar

import psycopg
from psycopg import sql
from psycopg_pool import ConnectionPool

from consumers.ports.views import RowFilter
from infra.postgres.views.rows import (
    OwnerKeys,
    StoredRow,
    decode_rows,
    select_rows,
    select_statement,
)
from infra.postgres.views.tables import ViewTable, live_table
from projections.view import AnyProjection, Row

PAGE = 2_000
"""Rows of a stream that are in memory at a time."""

PageEnd = list[str]
"""The last row of a page: the values, as text, of the columns that pages are sorted by."""


class PageInvalid(Exception):
    """The end of a page that does not belong to the view that is read."""


_TRIES = 5
_REBUILT = (psycopg.errors.UndefinedTable, psycopg.errors.FeatureNotSupported)
"""Errors of a statement whose table or columns were replaced after it was planned."""
T = TypeVar("T")


class RowReader:
    """A reader of rows. Where another version of a view than this release's is live, its rows have
    the fields of that version."""

    def __init__(self, pool: ConnectionPool, keys: OwnerKeys) -> None:
        self._pool, self._keys = pool, keys

    def find(self, projection: AnyProjection, value: str | None) -> list[tuple[str, Row]]:
        """Keys and rows that have the value in the view's `find_by` column; without one, all."""

        def select(
            db: psycopg.Connection, table: ViewTable, prepare: bool | None
        ) -> list[StoredRow]:
            [column] = table.order(projection.find_by)
            where = _condition(table, {} if value is None else {column: [value]})
            order = table.order(projection.sort_by)
            return select_rows(db, table, self._keys, where, order, None, prepare)

        return [(stored.key, stored.row) for stored in self._retried(projection, select)]

    def owners(self, projection: AnyProjection, where: RowFilter) -> set[str]:
        """The owners of the rows of a filter."""
        rows, _ = self._sorted(projection, where, None, ["key"], None)
        return {stored.owner for stored in rows}

    def select(self, projection: AnyProjection, where: RowFilter, limit: int) -> list[Row]:
        """The first rows of a filter, in the view's order."""
        rows, _ = self._sorted(projection, where, None, [projection.sort_by, "key"], limit)
        return [stored.row for stored in rows]

    def page(
        self, projection: AnyProjection, where: RowFilter, after: PageEnd | None, limit: int
    ) -> tuple[list[Row], PageEnd | None]:
        """Up to `limit` rows after the end of the page before, and the end of this page; None if
        it is the last.

        Raises PageInvalid for an `after` that is not the end of a page of this view.
        """
        # Without a filter rows come as the index has them: sorting 500,000 of them for each page
        # would be slow.
        names = ["partition", "key"]
        if where and not _is_optional(projection, projection.sort_by):  # NULL is before nothing
            names.insert(0, projection.sort_by)
        try:
            stored, order = self._sorted(projection, where, after, names, limit + 1)
        except psycopg.DataError:
            raise PageInvalid from None
        rows = [each.row for each in stored[:limit]]
        if len(stored) <= limit:
            return rows, None
        last = stored[limit - 1]
        values = {"partition": last.partition, "key": last.key}
        return rows, [str(values.get(c, getattr(last.row, c, None))) for c in order]

    def due(self, projection: AnyProjection, by: datetime) -> list[Row]:
        """The rows that are due by a time; none where another version is live."""

        def select(
            db: psycopg.Connection, table: ViewTable, prepare: bool | None
        ) -> list[StoredRow]:
            if table.group != projection.group:
                return []
            where = sql.SQL("due <= %s"), [by]
            return select_rows(db, table, self._keys, where, ["due"], None, prepare)

        return [stored.row for stored in self._retried(projection, select)]

    def stream(self, projection: AnyProjection) -> Iterator[Row]:
        """Every row, in one snapshot and in no order; personal values stay sealed."""
        with (
            self._pool.connection() as db,
            db.transaction(),
            db.cursor("rows", binary=True) as cursor,
        ):
            table = live_table(db, projection)
            cursor.execute(select_statement(table, sql.SQL("true")))
            while rows := cursor.fetchmany(PAGE):
                for stored in decode_rows(rows, table, lambda _: {}):
                    yield stored.row

    def _sorted(
        self,
        projection: AnyProjection,
        where: RowFilter,
        after: PageEnd | None,
        names: Sequence[str],
        limit: int | None,
    ) -> tuple[list[StoredRow], list[str]]:
        """Rows sorted by columns, from a page's end on; and those of the columns that exist."""

        def select(
            db: psycopg.Connection, table: ViewTable, prepare: bool | None
        ) -> tuple[list[StoredRow], list[str]]:
            order = table.order(*names)
            condition, values = _condition(table, where)
            if after is not None:
                if len(after) != len(order):
                    raise psycopg.DataError("the page is of another order")
                columns = sql.SQL(", ").join(map(sql.Identifier, order))
                marks = sql.SQL(", ").join(sql.Placeholder() * len(order))
                condition = sql.SQL("({}) AND ({}) > ({})").format(condition, columns, marks)
                values = [*values, *after]
            rows = select_rows(db, table, self._keys, (condition, values), order, limit, prepare)
            return rows, order

        return self._retried(projection, select)

    def _retried(
        self,
        projection: AnyProjection,
        select: Callable[[psycopg.Connection, ViewTable, bool | None], T],
    ) -> T:
        """Select from the live table, and again where a rebuild has just replaced it."""
        for attempt in range(_TRIES):
            try:
                with self._pool.connection() as db:
                    return select(db, live_table(db, projection), False if attempt else None)
            except _REBUILT:
                if attempt == _TRIES - 1:
                    raise
        raise AssertionError


def _condition(table: ViewTable, where: RowFilter) -> tuple[sql.Composable, list[Any]]:
    present = {c: list(values) for c, values in where.items() if c in table.column_names}
    if not present:
        return sql.SQL("true"), []
    comparisons = [sql.SQL("{} = ANY(%s)").format(sql.Identifier(c)) for c in present]
    return sql.SQL(" OR ").join(comparisons), list(present.values())


def _is_optional(projection: AnyProjection, column: str) -> bool:
    hint = typing.get_type_hints(projection.row).get(column)
    return type(None) in typing.get_args(hint)
