"""The rows in which two tables of one view differ."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import psycopg
from psycopg import sql

from infra.keys import OwnerKey
from infra.postgres.views import tables
from infra.postgres.views.columns import Column, columns
from infra.postgres.views.rows import OwnerKeys
from infra.postgres.views.tables import identifier
from projections.view import AnyProjection

_PAGE = 2_000


def differing_keys(
    db: psycopg.Connection,
    projection: AnyProjection,
    live_group: str,
    rebuilt_table: str,
    keys: OwnerKeys,
) -> Iterator[str]:
    """The keys of rows that are in one table alone, or differ in a column that both have.

    PostgreSQL compares plain columns; sealed values are opened, since their bytes always differ.
    """
    live_columns = {(c.name, c.sql_type) for c in tables.existing_columns(db, live_group)}
    shared = [c for c in columns(projection) if (c.name, c.sql_type) in live_columns]
    sealed = [c for c in shared if c.personal]
    with db.cursor(name="differing") as cursor:
        cursor.execute(_statement(live_group, rebuilt_table, shared))
        while rows := cursor.fetchmany(_PAGE):
            owner_keys = keys({owner for _, owner, *_ in rows if owner}) if sealed else {}
            for key, owner, plain_differ, *values in rows:
                if plain_differ or any(
                    _sealed_differ(column, pair, (live_group, projection.group), owner, owner_keys)
                    for column, pair in zip(
                        sealed, zip(values[::2], values[1::2], strict=True), strict=True
                    )
                ):
                    yield key


def _statement(live_group: str, rebuilt_table: str, shared: Sequence[Column]) -> sql.Composed:
    """Rows whose plain columns differ, and every row that has sealed values.

    Selects key, owner, whether the plain columns differ, and each sealed column's two values.
    """
    sealed = [c.name for c in shared if c.personal]
    plain = ["owner", *(c.name for c in shared if not c.personal)]

    def of(side: str, names: Sequence[str]) -> sql.Composed:
        return sql.SQL(", ").join(sql.Identifier(side, name) for name in names)

    differ = sql.SQL("({}) IS DISTINCT FROM ({})").format(of("live", plain), of("rebuilt", plain))
    sides = ("live", "rebuilt")
    has_sealed = [sql.SQL("num_nonnulls({}) > 0").format(of(s, sealed)) for s in sides if sealed]
    return sql.SQL(
        "SELECT key, live.owner, {} {} FROM {} live FULL JOIN {} rebuilt USING (partition, key) "
        "WHERE {} ORDER BY partition, key"
    ).format(
        differ,
        sql.SQL("").join(sql.SQL(", ") + of(s, [name]) for name in sealed for s in sides),
        identifier(live_group),
        identifier(rebuilt_table),
        sql.SQL(" OR ").join([differ, *has_sealed]),
    )


def _sealed_differ(
    column: Column,
    values: tuple[Any, Any],
    groups: tuple[str, str],
    owner: str,
    keys: Mapping[str, OwnerKey],
) -> bool:
    """Whether the value of the live row and that of the rebuilt row differ, once opened."""
    key = keys.get(owner)
    live, rebuilt = (
        column.decode(value, group, owner, key) for value, group in zip(values, groups, strict=True)
    )
    return bool(live != rebuilt)
