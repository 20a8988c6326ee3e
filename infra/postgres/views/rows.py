"""Rows of view tables: decoded and opened when they are read, encoded and sealed when written."""

from __future__ import annotations

import functools
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql

from consumers.ports.views import OwnedRow
from infra.keys import OwnerKey
from infra.postgres.views.columns import columns
from infra.postgres.views.tables import ViewTable, identifier, table_of
from projections.view import AnyProjection, Row

OwnerKeys = Callable[[Collection[str]], Mapping[str, OwnerKey]]
"""The keys of those of the owners that have one."""

EncodedRow = tuple[Any, ...]
"""Partition, key, owner, and a value for each column."""

_BINARY_TYPES = {"bigint": "int8", "double precision": "float8", "boolean": "bool", "jsonb": "text"}


@dataclass(frozen=True, slots=True)
class StoredRow:
    """A row, and where it is stored."""

    partition: int
    key: str
    owner: str
    row: Row


def select_statement(
    table: ViewTable, where: sql.Composable, order: Sequence[str] = (), limit: int | None = None
) -> sql.Composed:
    """A SELECT of whole rows, for `decode_rows`."""
    names = [
        sql.SQL("{}::text" if c.sql_type == "jsonb" else "{}").format(sql.Identifier(c.name))
        for c in table.columns
    ]
    parts = [
        sql.SQL("SELECT partition, key, owner, {} FROM {} WHERE {}").format(
            sql.SQL(", ").join(names), identifier(table.name), where
        )
    ]
    if order:
        parts.append(sql.SQL("ORDER BY ") + sql.SQL(", ").join(map(sql.Identifier, order)))
    if limit is not None:
        parts.append(sql.SQL("LIMIT {}").format(sql.Literal(limit)))
    return sql.SQL(" ").join(parts)


def select_rows(
    db: psycopg.Connection,
    table: ViewTable,
    keys: OwnerKeys,
    where: tuple[sql.Composable, Sequence[Any]],
    order: Sequence[str] = (),
    limit: int | None = None,
    prepare: bool | None = None,
) -> list[StoredRow]:
    """The rows of a condition, given with the values of its placeholders."""
    condition, values = where
    statement = select_statement(table, condition, order, limit)
    return decode_rows(db.execute(statement, values, prepare=prepare).fetchall(), table, keys)


def load_rows(
    db: psycopg.Connection,
    projection: AnyProjection,
    table: str,
    partition: int,
    row_keys: Collection[str],
    keys: OwnerKeys,
) -> dict[str, OwnedRow]:
    """The existing rows of a partition by key, with their owners."""
    rows = db.execute(_load_statement(projection, table), [partition, list(row_keys)]).fetchall()
    return {s.key: (s.owner, s.row) for s in decode_rows(rows, table_of(projection, table), keys)}


@functools.cache
def _load_statement(projection: AnyProjection, table: str) -> bytes:
    where = sql.SQL("partition = %s AND key = ANY(%s)")
    return select_statement(table_of(projection, table), where).as_bytes()


def decode_rows(
    rows: Sequence[tuple[Any, ...]], table: ViewTable, keys: OwnerKeys
) -> list[StoredRow]:
    """What `select_statement` has selected, as rows with their personal values opened."""
    group = table.group
    sealed = any(c.personal for c in table.columns)
    owner_keys = keys({owner for _, _, owner, *_ in rows}) if sealed and rows else {}
    return [
        StoredRow(
            partition,
            key,
            owner,
            table.row_type(
                **{
                    c.name: c.decode(value, group, owner, owner_keys.get(owner))
                    for c, value in zip(table.columns, values, strict=True)
                }
            ),
        )
        for partition, key, owner, *values in rows
    ]


def encode_rows(
    projection: AnyProjection,
    partition: int,
    rows: Mapping[str, tuple[str, Row | None]],
    keys: OwnerKeys,
) -> list[EncodedRow]:
    """Rows by key, with their owners, as the table stores them; removed rows are left out."""
    row_columns = columns(projection)
    names = [c.name for c in row_columns]
    # Most columns store their value as it is: calling each column for each value takes longer.
    encoded = [(n, c) for n, c in enumerate(row_columns, 3) if c.personal or c.parse]
    owner_keys = keys({owner for owner, row in rows.values() if row}) if rows else {}
    result = []
    for key, (owner, row) in rows.items():
        if row is None:
            continue
        values = [partition, key, owner, *[getattr(row, name) for name in names]]
        for n, c in encoded:
            values[n] = c.encode(values[n], projection.group, owner, owner_keys.get(owner))
        result.append(tuple(values))
    return result


def delete_rows(
    cursor: psycopg.Cursor[Any], table: str, partition: int, keys: Collection[str]
) -> None:
    statement = sql.SQL("DELETE FROM {} WHERE partition = %s AND key = ANY(%s)")
    cursor.execute(statement.format(identifier(table)), [partition, list(keys)])


def copy_rows(
    cursor: psycopg.Cursor[Any], projection: AnyProjection, table: str, rows: Iterable[EncodedRow]
) -> None:
    """Insert many rows that the table does not have yet."""
    row_columns = columns(projection)
    # In PostgreSQL's binary form a jsonb is its text behind a version, 1.
    documents = [n for n, c in enumerate(row_columns, 3) if c.sql_type == "jsonb"]
    statement = sql.SQL("COPY {} FROM STDIN (FORMAT BINARY)").format(identifier(table))
    with cursor.copy(statement) as copy:
        copy.set_types(
            [
                "int4",
                "text",
                "text",
                *(_BINARY_TYPES.get(c.sql_type, c.sql_type) for c in row_columns),
            ]
        )
        for row in rows:
            values = list(row)
            for n in documents:
                values[n] = "\x01" + values[n]
            copy.write_row(values)


def upsert_rows(
    cursor: psycopg.Cursor[Any], projection: AnyProjection, table: str, rows: Sequence[EncodedRow]
) -> None:
    """Insert or replaces rows in one statement, with an array for each column."""
    cursor.execute(_upsert_statement(projection, table), [list(c) for c in zip(*rows, strict=True)])


@functools.cache
def _upsert_statement(projection: AnyProjection, table: str) -> bytes:
    row_columns = columns(projection)
    names = [sql.Identifier(c.name) for c in row_columns]
    arrays = [sql.SQL("%b::int[], %b::text[], %b::text[]")]
    arrays += [
        sql.SQL("%b::" + ("text" if c.parse and not c.personal else c.sql_type) + "[]")
        for c in row_columns
    ]
    values = [
        sql.SQL("{}::jsonb").format(name) if c.sql_type == "jsonb" else name
        for c, name in zip(row_columns, names, strict=True)
    ]
    statement = sql.SQL(
        "INSERT INTO {} (partition, key, owner, {}) SELECT partition, key, owner, {} "
        "FROM unnest({}) AS new (partition, key, owner, {}) "
        "ON CONFLICT (partition, key) DO UPDATE SET {}"
    ).format(
        identifier(table),
        sql.SQL(", ").join(names),
        sql.SQL(", ").join(values),
        sql.SQL(", ").join(arrays),
        sql.SQL(", ").join(names),
        sql.SQL(", ").join(sql.SQL("{0} = excluded.{0}").format(name) for name in names),
    )
    return statement.as_bytes()
