"""Rows of views for those who look at them, in the version that is shown."""

from __future__ import annotations

import typing
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

import psycopg
from psycopg import sql
from psycopg_pool import ConnectionPool

from domain.subject import CUSTOMER, Subject
from infra.postgres.views import tables
from infra.postgres.views.tables import Found, Keys, Shown
from projections.view import AnyProjection, Row

PAGE = 2_000
"""Rows of a stream that are in memory at a time."""

Where = Mapping[str, Collection[str | UUID]]
"""Rows that have one of the values in one of the columns; all of them without any."""

Place = list[str]
"""Where a page of rows ended: the values, as text, of the columns that it is sorted by."""

_TRIES = 5
_REBUILT = (psycopg.errors.UndefinedTable, psycopg.errors.FeatureNotSupported)
"""What a reader meets whose table, or its columns, were others a moment ago."""
_ALL: tuple[sql.Composable, list[Any]] = (sql.SQL("true"), [])
T = TypeVar("T")


def named(projection: AnyProjection, key: str) -> Where:
    """Where a key may stand: it may name a row, what it is about, or whose it is."""
    columns = {"key", projection.find_by} | ({"customer"} & set(projection.look_up))
    where = {column: [key] for column in columns}
    if "subject" in where:
        where["subject"].append(str(Subject(CUSTOMER, key)))
    return where


class RowReader:
    """Where the version that is shown is not this release's, rows have the fields they had."""

    def __init__(self, pool: ConnectionPool, keys: Keys) -> None:
        self._pool, self._keys = pool, keys

    def find(self, projection: AnyProjection, wanted: str | None) -> list[tuple[str, Row]]:
        """The rows, by key, that a person asks for; all of them without a word of which."""
        return [(found.key, found.row) for found in self._wanted(projection, wanted)]

    def owners(self, projection: AnyProjection, where: Where) -> set[str]:
        """Whom the rows belong to."""
        found, _ = self._page(projection, where, None, ["key"], None)
        return {each.owner for each in found}

    def some(self, projection: AnyProjection, where: Where, limit: int) -> list[Row]:
        """The first rows, in their order."""
        found, _ = self._page(projection, where, None, [projection.sort_by, "key"], limit)
        return [each.row for each in found]

    def page(
        self, projection: AnyProjection, where: Where, after: Place | None, limit: int
    ) -> tuple[list[Row], Place | None]:
        """Up to `limit` rows after a place, and the place to go on from; None at the end.

        Raises psycopg.DataError for a place that is none.
        """
        # All rows come as their index has them: sorting 500,000 for each page would be felt.
        names = ["partition", "key"]
        if where and not _may_be_null(projection, projection.sort_by):  # null is before nothing
            names.insert(0, projection.sort_by)
        found, order = self._page(projection, where, after, names, limit + 1)
        rows = [each.row for each in found[:limit]]
        if len(found) <= limit:
            return rows, None
        last = found[limit - 1]
        there = {"partition": last.partition, "key": last.key}
        return rows, [str(there.get(c, getattr(last.row, c, None))) for c in order]

    def due(self, projection: AnyProjection, by: datetime) -> list[Row]:
        """The rows that are due by a time; none where another version is shown."""

        def ask(db: psycopg.Connection, shown: Shown, prepare: bool | None) -> list[Found]:
            if shown.group != projection.group:
                return []
            where = sql.SQL("due <= %s"), [by]
            return tables.select(db, shown, self._keys, where, ["due"], None, prepare)

        return [found.row for found in self._asked(projection, ask)]

    def stream(self, projection: AnyProjection) -> Iterator[Row]:
        """Every row, as of one moment and in no order; personal values stay sealed."""
        with (
            self._pool.connection() as db,
            db.transaction(),
            db.cursor("rows", binary=True) as cursor,
        ):
            shown = tables.shown(db, projection)
            cursor.execute(tables.statement(shown, sql.SQL("true"), ()))
            while rows := cursor.fetchmany(PAGE):
                for found in tables.opened(rows, shown, lambda _: {}):
                    yield found.row

    def _wanted(self, projection: AnyProjection, wanted: str | None) -> list[Found]:
        def ask(db: psycopg.Connection, shown: Shown, prepare: bool | None) -> list[Found]:
            [by] = shown.order(projection.find_by)
            where = _any_of(shown, {} if wanted is None else {by: [wanted]})
            order = shown.order(projection.sort_by)
            return tables.select(db, shown, self._keys, where, order, None, prepare)

        return self._asked(projection, ask)

    def _page(
        self,
        projection: AnyProjection,
        where: Where,
        after: Place | None,
        names: Sequence[str],
        limit: int | None,
    ) -> tuple[list[Found], list[str]]:
        def ask(
            db: psycopg.Connection, shown: Shown, prepare: bool | None
        ) -> tuple[list[Found], list[str]]:
            order = shown.order(*names)
            condition, values = _any_of(shown, where)
            if after is not None:
                if len(after) != len(order):
                    raise psycopg.DataError("a place of another order")
                columns = sql.SQL(", ").join(map(sql.Identifier, order))
                marks = sql.SQL(", ").join(sql.Placeholder() * len(order))
                condition = sql.SQL("({}) AND ({}) > ({})").format(condition, columns, marks)
                values = [*values, *after]
            asked = condition, values
            return tables.select(db, shown, self._keys, asked, order, limit, prepare), order

        return self._asked(projection, ask)

    def _asked(
        self,
        projection: AnyProjection,
        ask: Callable[[psycopg.Connection, Shown, bool | None], T],
    ) -> T:
        """Asks, and again where the view was rebuilt between a plan and its use."""
        for attempt in range(_TRIES):
            try:
                with self._pool.connection() as db:
                    return ask(db, tables.shown(db, projection), False if attempt else None)
            except _REBUILT:
                if attempt == _TRIES - 1:
                    raise
        raise AssertionError


def _any_of(shown: Shown, where: Where) -> tuple[sql.Composable, list[Any]]:
    known = {c: list(values) for c, values in where.items() if c in shown.names}
    if not known:
        return _ALL
    each = [sql.SQL("{} = ANY(%s)").format(sql.Identifier(c)) for c in known]
    return sql.SQL(" OR ").join(each), list(known.values())


def _may_be_null(projection: AnyProjection, column: str) -> bool:
    hint = typing.get_type_hints(projection.row).get(column)
    return type(None) in typing.get_args(hint)
