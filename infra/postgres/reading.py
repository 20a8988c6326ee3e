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

    def some(
        self,
        projection: AnyProjection,
        where: Mapping[str, Collection[str | UUID]],
        limit: int,
    ) -> list[View]:
        """Rows that have one of the values in one of the columns; the first ones without any."""
        made = columns(projection)
        named: list[sql.Composable] = [
            sql.SQL("{} = ANY(%s)").format(sql.Identifier(name)) for name in where
        ]
        query = sql.SQL("{} WHERE {} ORDER BY {}, key LIMIT %s").format(
            _select(projection, made),
            sql.SQL(" OR ").join(named or [sql.SQL("true")]),
            sql.Identifier(projection.sort_by),
        )
        with self._pool.connection() as db:
            rows = db.execute(query, [*map(list, where.values()), limit]).fetchall()
        keys = self._keys({owner for *_, owner in rows}) if rows else {}
        return [
            projection.view(**_read(projection, made, values, owner, keys.get(owner)))
            for *values, owner in rows
        ]


def _select(projection: AnyProjection, made: Sequence[Column]) -> sql.Composed:
    """The columns, and the owner last."""
    names = [
        sql.SQL("{}::text" if c.sql == "jsonb" else "{}").format(sql.Identifier(c.name))
        for c in made
    ]
    return sql.SQL("SELECT {}, owner FROM {}").format(
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
        for c, value in zip(made, values, strict=False)  # the owner stands behind them
    }
