"""The table of a view: made, filled, indexed, and shown to analysts as `view.<name>`."""

from __future__ import annotations

import functools
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, make_dataclass
from typing import Any

import psycopg
from psycopg import sql

from infra.keys import OwnerKey
from infra.postgres.views.columns import Column, column_of, columns
from projections.view import AnyProjection, Row

Keys = Callable[[Collection[str]], Mapping[str, OwnerKey]]

_TIME = ("timestamp with time zone", "timestamptz")
_WIRE = {"bigint": "int8", "double precision": "float8", "boolean": "bool", "jsonb": "text"}


@dataclass(frozen=True, slots=True)
class Shown:
    """A table of rows: its consumer group, under which they are sealed, and what they are."""

    group: str
    columns: list[Column]
    row: type[Row]
    table: str

    @property
    def names(self) -> set[str]:
        return {"partition", "key", *(c.name for c in self.columns)}

    def order(self, *names: str) -> list[str]:
        """The columns, as far as this version has them; `key` stands in for another."""
        return list(dict.fromkeys(name if name in self.names else "key" for name in names))


@dataclass(frozen=True, slots=True)
class Found:
    partition: int
    key: str
    owner: str
    row: Row


def identifier(table: str) -> sql.Identifier:
    return sql.Identifier("projection", table)


def make(db: psycopg.Connection, projection: AnyProjection, table: str) -> None:
    """A table without an index: see `index`."""
    fields = [
        sql.SQL("{} " + c.sql).format(sql.Identifier(c.name)) for c in columns(projection)
    ]  # fmt: skip
    db.execute(
        sql.SQL(
            "CREATE TABLE {0} (partition int, key text, owner text NOT NULL, {1}); "
            "GRANT SELECT ON {0} TO ordermade_reader"
        ).format(identifier(table), sql.SQL(", ").join(fields))
    )


def index(db: psycopg.Connection, projection: AnyProjection, table: str) -> None:
    db.execute(sql.SQL("ALTER TABLE {} ADD PRIMARY KEY (partition, key)").format(identifier(table)))
    for name in projection.indexed:
        by = sql.Identifier(name)
        db.execute(sql.SQL("CREATE INDEX ON {} ({})").format(identifier(table), by))


def publish(db: psycopg.Connection, projection: AnyProjection, build: int) -> None:
    """Shows the group's table from now on: the columns that are not personal, to analysts."""
    plain = ["key", *(c.name for c in columns(projection) if not c.personal)]
    shown = sql.Identifier("view", projection.name)
    db.execute(
        sql.SQL(
            "CREATE VIEW {0} WITH (security_barrier) AS SELECT {1} FROM {2} t "
            "WHERE (SELECT projection.visible({3}, {4})) AND NOT EXISTS ("
            "SELECT FROM store.owner o WHERE o.owner = t.owner "
            "AND o.owner NOT LIKE '%/%' AND NOT 'analyse' = ANY(o.purposes)); "
            "GRANT SELECT ON {0} TO ordermade_analyst"
        ).format(
            shown,
            sql.SQL(", ").join(map(sql.Identifier, plain)),
            identifier(projection.group),
            sql.Literal(projection.name),
            sql.Literal(build),
        )
    )
    db.execute(
        "INSERT INTO projection.live VALUES (%s, %s, %s) ON CONFLICT (view) DO UPDATE "
        "SET consumer_group = excluded.consumer_group, build = excluded.build",
        [projection.name, projection.group, build],
    )


def described(db: psycopg.Connection, table: str) -> list[Column]:
    """The columns of a table as it is, whatever this release calls its row.

    Raises UndefinedTable, also where it is dropped between its name and its columns.
    """
    rows = db.execute(
        "SELECT a.attname, format_type(a.atttypid, NULL) FROM pg_attribute a "
        "WHERE a.attrelid = format('projection.%%I', %s::text)::regclass AND a.attnum > 0 "
        "AND a.attname NOT IN ('partition', 'key', 'owner') ORDER BY a.attnum",
        [table],
    ).fetchall()
    if not rows:
        raise psycopg.errors.UndefinedTable(f"{table} was dropped")
    return [column_of(name, type.replace(*_TIME)) for name, type in rows]


def shown(db: psycopg.Connection, projection: AnyProjection) -> Shown:
    """What readers of a view are shown now, whatever this release would show."""
    row = db.execute(
        "SELECT consumer_group FROM projection.live WHERE view = %s", [projection.name]
    ).fetchone()
    group = row[0] if row else projection.group
    if group == projection.group:
        return own(projection)
    made = described(db, group)
    fields = [(c.name, Any) for c in made]
    return Shown(group, made, make_dataclass("Row", fields, bases=(Row,), frozen=True), group)


def own(projection: AnyProjection, table: str | None = None) -> Shown:
    """A table of this release's rows."""
    group = projection.group
    return Shown(group, columns(projection), projection.row, table or group)


def statement(
    shown: Shown, where: sql.Composable, order: Sequence[str], limit: int | None = None
) -> sql.Composed:
    """Selects rows for `opened`."""
    names = [
        sql.SQL("{}::text" if c.sql == "jsonb" else "{}").format(sql.Identifier(c.name))
        for c in shown.columns
    ]
    sorting = [
        sql.SQL(" ORDER BY "), sql.SQL(", ").join(map(sql.Identifier, order))
    ] if order else []  # fmt: skip
    most = [sql.SQL(" LIMIT {}").format(sql.Literal(limit))] if limit is not None else []
    return sql.SQL("SELECT partition, key, owner, {} FROM {} WHERE {}{}").format(
        sql.SQL(", ").join(names), identifier(shown.table), where, sql.Composed([*sorting, *most])
    )


def load(
    db: psycopg.Connection,
    projection: AnyProjection,
    table: str,
    partition: int,
    wanted: Collection[str],
    keys: Keys,
) -> dict[str, Row]:
    """Those of the rows of a partition that there are, from a table of this release's."""
    rows = db.execute(_load(projection, table), [partition, list(wanted)]).fetchall()
    return {found.key: found.row for found in opened(rows, own(projection, table), keys)}


@functools.cache
def _load(projection: AnyProjection, table: str) -> bytes:
    where = sql.SQL("partition = %s AND key = ANY(%s)")
    return statement(own(projection, table), where, ()).as_bytes()


def select(
    db: psycopg.Connection,
    shown: Shown,
    keys: Keys,
    where: tuple[sql.Composable, Sequence[Any]],
    order: Sequence[str] = (),
    limit: int | None = None,
    prepare: bool | None = None,
) -> list[Found]:
    condition, values = where
    rows = db.execute(statement(shown, condition, order, limit), values, prepare=prepare)
    return opened(rows.fetchall(), shown, keys)


def opened(rows: Sequence[tuple[Any, ...]], shown: Shown, keys: Keys) -> list[Found]:
    """Rows as they were before they were stored."""
    made, group = shown.columns, shown.group
    sealed = any(c.personal for c in made)
    found = keys({owner for _, _, owner, *_ in rows}) if sealed and rows else {}
    return [
        Found(
            partition,
            key,
            owner,
            shown.row(
                **{
                    c.name: c.read(value, group, owner, found.get(owner))
                    for c, value in zip(made, stored, strict=True)
                }
            ),
        )
        for partition, key, owner, *stored in rows
    ]


def stored(
    projection: AnyProjection,
    partition: int,
    rows: Mapping[str, tuple[str, Row | None]],
    keys: Keys,
) -> list[tuple[Any, ...]]:
    """Rows as a table keeps them; those that are removed are left out."""
    made = columns(projection)
    names = [c.name for c in made]
    # Most columns are stored as they are: asking each column about each value takes longer.
    changed = [(n, c) for n, c in enumerate(made, 3) if c.personal or c.parse]
    found = keys({owner for owner, row in rows.values() if row}) if rows else {}
    out = []
    for key, (owner, row) in rows.items():
        if row is None:
            continue
        values = [partition, key, owner, *[getattr(row, name) for name in names]]
        for n, c in changed:
            values[n] = c.store(values[n], projection.group, owner, found.get(owner))
        out.append(tuple(values))
    return out


def delete(cursor: psycopg.Cursor[Any], table: str, partition: int, keys: Collection[str]) -> None:
    statement = sql.SQL("DELETE FROM {} WHERE partition = %s AND key = ANY(%s)")
    cursor.execute(statement.format(identifier(table)), [partition, list(keys)])


def copy(
    cursor: psycopg.Cursor[Any],
    projection: AnyProjection,
    table: str,
    rows: Iterable[tuple[Any, ...]],
) -> None:
    """Many rows that are not there yet."""
    made = columns(projection)
    # In PostgreSQL's binary form a jsonb is its text behind a version, 1.
    documents = [n for n, c in enumerate(made, 3) if c.sql == "jsonb"]
    statement = sql.SQL("COPY {} FROM STDIN (FORMAT BINARY)").format(identifier(table))
    with cursor.copy(statement) as out:
        out.set_types(["int4", "text", "text", *(_WIRE.get(c.sql, c.sql) for c in made)])
        for row in rows:
            wire = list(row)
            for n in documents:
                wire[n] = "\x01" + wire[n]
            out.write_row(wire)


def upsert(
    cursor: psycopg.Cursor[Any],
    projection: AnyProjection,
    table: str,
    rows: Sequence[tuple[Any, ...]],
) -> None:
    """Rows, new or not, in one statement: an array for each column."""
    cursor.execute(_upsert(projection, table), [list(c) for c in zip(*rows, strict=True)])


@functools.cache
def _upsert(projection: AnyProjection, table: str) -> bytes:
    made = columns(projection)
    names = [sql.Identifier(c.name) for c in made]
    arrays = [sql.SQL("%b::int[], %b::text[], %b::text[]")]
    arrays += [
        sql.SQL("%b::" + ("text" if c.parse and not c.personal else c.sql) + "[]") for c in made
    ]
    values = [
        sql.SQL("{}::jsonb").format(n) if c.sql == "jsonb" else n
        for c, n in zip(made, names, strict=True)
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
        sql.SQL(", ").join(sql.SQL("{0} = excluded.{0}").format(n) for n in names),
    )
    return statement.as_bytes()
