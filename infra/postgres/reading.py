"""Rows of views for those who look at them: some, by a column, or all of them in a stream."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

from psycopg import sql
from psycopg_pool import ConnectionPool

from domain.personal import ERASED
from infra.keys import OwnerKey
from infra.postgres.views import Column, columns
from projections.view import AnyProjection, View

PAGE = 2_000
"""Rows of a stream that are in memory at a time."""
Where = Mapping[str, Collection[str | UUID]]
"""Rows that have one of the values in one of the columns; all of them without any."""
Place = list[str]
"""Where a page ended: the values, as text, of the columns that it is sorted by."""


def named(projection: AnyProjection, key: str) -> Where:
    """Where a key may stand: it may name a row, what it is about, or whose it is."""
    columns = {"key", projection.find_by} | ({"customer"} & set(projection.look_up))
    where = {column: [key] for column in columns}
    if "subject" in where:
        where["subject"].append(f"customer/{key}")
    return where


class Reading:
    def __init__(
        self, pool: ConnectionPool, keys: Callable[[Collection[str]], Mapping[str, OwnerKey]]
    ) -> None:
        self._pool, self._keys = pool, keys

    def stream(self, projection: AnyProjection) -> Iterator[View]:
        """Every row, as of one moment and in no order; personal values stay sealed."""
        plain = [c for c in columns(projection) if not c.personal]
        sealed = {c.name: ERASED for c in columns(projection) if c.personal}
        with (
            self._pool.connection() as db,
            db.transaction(),
            db.cursor("rows", binary=True) as cursor,
        ):
            cursor.itersize = PAGE
            for values in cursor.execute(_select(projection, plain)):
                yield projection.view(**_read(projection, plain, values, "", None), **sealed)

    def some(self, projection: AnyProjection, where: Where, limit: int) -> list[View]:
        """The first rows, in their order."""
        order = [projection.sort_by, "key"]
        return [row for _, _, row in self._rows(projection, where, None, order, limit)]

    def page(
        self, projection: AnyProjection, where: Where, after: Place | None, limit: int
    ) -> tuple[list[View], Place | None]:
        """Up to `limit` rows after a place, and the place to go on from; None at the end.

        Raises psycopg.DataError for a place that is none.
        """
        # All rows come as their index has them: sorting 500,000 for each page would be felt.
        order = [projection.sort_by, "partition", "key"] if where else ["partition", "key"]
        found = self._rows(projection, where, after, order, limit + 1)
        rows = [row for _, _, row in found[:limit]]
        if len(found) <= limit:
            return rows, None
        partition, key, row = found[limit - 1]
        there = {"partition": partition, "key": key}
        return rows, [str(there.get(name, getattr(row, name, None))) for name in order]

    def _rows(
        self,
        projection: AnyProjection,
        where: Where,
        after: Place | None,
        order: Sequence[str],
        limit: int,
    ) -> list[tuple[int, str, View]]:
        made = columns(projection)
        by: list[sql.Composable] = [
            sql.SQL("{} = ANY(%s)").format(sql.Identifier(name)) for name in where
        ]
        sorted_by = sql.SQL(", ").join(map(sql.Identifier, order))
        beyond = sql.SQL("({}) > ({})").format(
            sorted_by, sql.SQL(", ").join(sql.Placeholder() * len(order))
        )
        query = sql.SQL("{} WHERE ({}) AND {} ORDER BY {} LIMIT %s").format(
            _select(projection, made, ("partition", "key", "owner")),
            sql.SQL(" OR ").join(by or [sql.SQL("true")]),
            beyond if after else sql.SQL("true"),
            sorted_by,
        )
        values = [*map(list, where.values()), *(after or ()), limit]
        with self._pool.connection() as db:
            rows = db.execute(query, values).fetchall()
        keys = self._keys({owner for *_, owner in rows}) if rows else {}
        return [
            (
                partition,
                key,
                projection.view(**_read(projection, made, values, owner, keys.get(owner))),
            )
            for *values, partition, key, owner in rows
        ]


def _select(
    projection: AnyProjection, made: Sequence[Column], behind: Sequence[str] = ("owner",)
) -> sql.Composed:
    """The columns, and those `behind` them, which are no part of a row."""
    names: list[sql.Composable] = [
        sql.SQL("{}::text" if c.sql == "jsonb" else "{}").format(sql.Identifier(c.name))
        for c in made
    ]
    names += map(sql.Identifier, behind)
    return sql.SQL("SELECT {} FROM {}").format(
        sql.SQL(", ").join(names), sql.Identifier("projection", projection.group)
    )


def _read(
    projection: AnyProjection,
    made: Sequence[Column],
    values: Sequence[Any],
    owner: str,
    key: OwnerKey | None,
) -> dict[str, Any]:
    return {
        c.name: c.read(value, projection.group, owner, key)
        for c, value in zip(made, values, strict=False)  # others stand behind them
    }
