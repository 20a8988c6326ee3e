"""Tables of views: their creation, their indexes, and the SQL views `view.<name>` for analysts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

import msgspec
import psycopg
from psycopg import sql

from infra.postgres.views.columns import Column, column_by_type, columns
from projections.view import AnyProjection, Row

_TIME = ("timestamp with time zone", "timestamptz")


@dataclass(frozen=True, slots=True)
class ViewTable:
    """A table of rows, and the class of those rows.

    `group` is the consumer group whose rows it holds; personal values are sealed with that name,
    also while the table has another one.
    """

    group: str
    columns: list[Column]
    row_type: type[Row]
    name: str

    @property
    def column_names(self) -> set[str]:
        return {"partition", "key", *(c.name for c in self.columns)}

    def order(self, *names: str) -> list[str]:
        """Columns to sort by; `key` takes the place of one that this table does not have."""
        present = self.column_names
        return list(dict.fromkeys(name if name in present else "key" for name in names))


def identifier(table: str) -> sql.Identifier:
    return sql.Identifier("projection", table)


def create_table(db: psycopg.Connection, projection: AnyProjection, table: str) -> None:
    """Create an empty table, without indexes: a rebuild fills it first."""
    fields = [
        sql.SQL("{} " + c.sql_type).format(sql.Identifier(c.name)) for c in columns(projection)
    ]  # fmt: skip
    db.execute(
        sql.SQL(
            "CREATE TABLE {0} (partition int, key text, owner text NOT NULL, {1}); "
            "GRANT SELECT ON {0} TO ordermade_reader"
        ).format(identifier(table), sql.SQL(", ").join(fields))
    )


def create_indexes(db: psycopg.Connection, projection: AnyProjection, table: str) -> None:
    db.execute(sql.SQL("ALTER TABLE {} ADD PRIMARY KEY (partition, key)").format(identifier(table)))
    for name in projection.indexed:
        column = sql.Identifier(name)
        db.execute(sql.SQL("CREATE INDEX ON {} ({})").format(identifier(table), column))


def publish(db: psycopg.Connection, projection: AnyProjection, build: int) -> None:
    """Make the group's table the one that readers see.

    Analysts see its columns that are not personal, of customers who consent to `analyse`.
    """
    plain = ["key", *(c.name for c in columns(projection) if not c.personal)]
    db.execute(
        sql.SQL(
            "CREATE VIEW {0} WITH (security_barrier) AS SELECT {1} FROM {2} t "
            "WHERE (SELECT projection.visible({3}, {4})) AND NOT EXISTS ("
            "SELECT FROM store.owner o WHERE o.owner = t.owner "
            "AND o.owner NOT LIKE '%/%' AND NOT 'analyse' = ANY(o.purposes)); "
            "GRANT SELECT ON {0} TO ordermade_analyst"
        ).format(
            sql.Identifier("view", projection.name),
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


def existing_columns(db: psycopg.Connection, table: str) -> list[Column]:
    """The columns of a table as the database has them.

    Raises UndefinedTable, also where the table is dropped while its columns are read.
    """
    rows = db.execute(
        "SELECT a.attname, format_type(a.atttypid, NULL) FROM pg_attribute a "
        "WHERE a.attrelid = format('projection.%%I', %s::text)::regclass AND a.attnum > 0 "
        "AND a.attname NOT IN ('partition', 'key', 'owner') ORDER BY a.attnum",
        [table],
    ).fetchall()
    if not rows:
        raise psycopg.errors.UndefinedTable(f"{table} was dropped")
    return [column_by_type(name, type.replace(*_TIME)) for name, type in rows]


def live_table(db: psycopg.Connection, projection: AnyProjection) -> ViewTable:
    """The table that readers of a view see now, which may be of another version."""
    live = db.execute(
        "SELECT consumer_group FROM projection.live WHERE view = %s", [projection.name]
    ).fetchone()
    group = live[0] if live else projection.group
    if group == projection.group:
        return table_of(projection)
    existing = existing_columns(db, group)
    fields = [(c.name, Any) for c in existing]
    row = msgspec.defstruct(f"{projection.name}_row", fields, bases=(Row,), frozen=True)
    return ViewTable(group, existing, cast(type[Row], row), group)


def table_of(projection: AnyProjection, name: str | None = None) -> ViewTable:
    """A table of this release's rows; without a name the group's own."""
    group = projection.group
    return ViewTable(group, columns(projection), projection.row, name or group)
