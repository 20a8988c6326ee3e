"""Views in PostgreSQL: a table for each projection, made from its row."""

from __future__ import annotations

import functools
import types
import typing
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec
import psycopg
from cryptography.exceptions import InvalidTag
from psycopg import sql
from psycopg_pool import ConnectionPool

from consumers.ports import Change, Fenced, Parked
from domain.personal import ERASED, PERSONAL, Erased, privacy_of
from infra.keys import OwnerKey
from projections.view import AnyProjection, View

_SCALARS: dict[Any, str] = {
    str: "text", int: "bigint", float: "double precision", bool: "boolean",
    datetime: "timestamptz", UUID: "uuid", Decimal: "numeric",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Column:
    """A field of a row as a column: what it is in SQL, and how a value gets there and back."""

    name: str
    sql: str
    personal: bool
    parse: Callable[[bytes], Any] | None  # None: PostgreSQL's own type does

    def store(self, value: Any, view: str, owner: str, key: OwnerKey | None) -> Any:
        if not self.personal:
            return msgspec.json.encode(value).decode() if self.parse else value
        if value is None or isinstance(value, Erased) or key is None:
            return None
        return key.seal(msgspec.json.encode(value), _about(view, owner, self.name))

    def read(self, value: Any, view: str, owner: str, key: OwnerKey | None) -> Any:
        if value is None or not self.parse:
            return ERASED if self.personal and key is None else value
        if not self.personal:
            return self.parse(value.encode())
        if key is None:
            return ERASED
        try:
            return self.parse(key.open(bytes(value), _about(view, owner, self.name)))
        except InvalidTag:
            return ERASED


def _about(view: str, owner: str, column: str) -> bytes:
    return f"{view}/{owner}/{column}".encode()


@functools.cache
def columns(projection: AnyProjection) -> list[Column]:
    """The columns of a row: scalars as themselves, personal values sealed, all else as JSON."""
    hints = typing.get_type_hints(projection.view, include_extras=True)
    return [_column(name, hints[name]) for name in hints]


def _column(name: str, hint: Any) -> Column:
    if privacy_of(hint) is PERSONAL:
        return Column(name, "bytea", True, msgspec.json.Decoder(hint).decode)
    bare = typing.get_args(hint)[0]
    if isinstance(bare, types.UnionType) or typing.get_origin(bare) is typing.Union:
        bare = next(a for a in typing.get_args(bare) if a is not type(None))
    if bare in _SCALARS:
        return Column(name, _SCALARS[bare], False, None)
    return Column(name, "jsonb", False, msgspec.json.Decoder(hint).decode)


class PostgresViews:
    """The port `Views`, and the rows for those who read them."""

    def __init__(
        self,
        pool: ConnectionPool,
        keys: Callable[[Collection[str]], dict[str, OwnerKey]],
    ) -> None:
        self._pool, self._keys = pool, keys

    def prepare(self, projection: AnyProjection) -> None:
        made = columns(projection)
        table = sql.Identifier("projection", projection.group)
        with self._pool.connection() as db, db.transaction():
            db.execute("SELECT pg_advisory_xact_lock(7302)")
            known = db.execute("SELECT to_regclass(%s)", [f"projection.{projection.group}"])
            if known.fetchone() != (None,):
                return
            fields = [sql.SQL("{} " + c.sql).format(sql.Identifier(c.name)) for c in made]
            db.execute(
                sql.SQL(
                    "CREATE TABLE {} (partition int, key text, owner text NOT NULL, {}, "
                    "PRIMARY KEY (partition, key))"
                ).format(table, sql.SQL(", ").join(fields))
            )
            for name in projection.indexed:
                by = sql.Identifier(name)
                db.execute(sql.SQL("CREATE INDEX ON {} ({})").format(table, by))
            plain = [sql.Identifier("key"), *(sql.Identifier(c.name) for c in made
                                              if not c.personal)]  # fmt: skip
            db.execute(
                sql.SQL(
                    "CREATE OR REPLACE VIEW {} WITH (security_barrier) AS SELECT {} FROM {} t "
                    "WHERE NOT EXISTS (SELECT FROM store.owner o WHERE o.owner = t.owner "
                    "AND o.owner NOT LIKE '%%/%%' AND NOT 'analyse' = ANY(o.purposes))"
                ).format(sql.Identifier("view", projection.name), sql.SQL(", ").join(plain), table)
            )
            db.execute(
                sql.SQL("GRANT SELECT ON {} TO ordermade_analyst; GRANT SELECT ON {} TO "
                        "ordermade_reader").format(
                    sql.Identifier("view", projection.name), table
                )
            )  # fmt: skip

    def position(self, group: str, partition: int) -> int:
        with self._pool.connection() as db:
            row = db.execute(
                "SELECT number FROM projection.checkpoint "
                "WHERE consumer_group = %s AND partition = %s",
                [group, partition],
            ).fetchone()
        return row[0] if row else 0

    def stop(self, group: str, partition: int, epoch: int, reason: str) -> None:
        with self._pool.connection() as db:
            db.execute(
                "INSERT INTO projection.checkpoint SELECT %(group)s, %(partition)s, 0, %(reason)s "
                "FROM consumer.lease l WHERE l.consumer_group = %(group)s "
                "AND l.partition = %(partition)s AND l.epoch = %(epoch)s "
                "ON CONFLICT (consumer_group, partition) DO UPDATE SET stopped = %(reason)s",
                {"group": group, "partition": partition, "epoch": epoch, "reason": reason},
            )

    def parked(self, group: str, partition: int | None = None) -> list[Parked]:
        with self._pool.connection() as db:
            rows = db.execute(
                "SELECT number, key, owner, reason FROM projection.parked "
                "WHERE consumer_group = %s AND (partition = %s OR %s::int IS NULL) "
                "ORDER BY partition, number",
                [group, partition, partition],
            ).fetchall()
        return [Parked(*row) for row in rows]

    def load(
        self, projection: AnyProjection, partition: int, keys: Collection[str]
    ) -> dict[str, View]:
        found = self._select(
            projection, sql.SQL("partition = %s AND key = ANY(%s)"), [partition, list(keys)]
        )
        return dict(found)

    def find(self, projection: AnyProjection, wanted: str | None) -> list[tuple[str, View]]:
        """The rows, by key, that a person asks for; all of them without a word of which."""
        if wanted is None:
            return self._select(projection, sql.SQL("true"), [])
        by = sql.SQL("{} = %s").format(sql.Identifier(projection.find_by))
        return self._select(projection, by, [wanted])

    def due(self, projection: AnyProjection, by: datetime) -> list[View]:
        """The rows that are due by a time."""
        return [row for _, row in self._select(projection, sql.SQL("due <= %s"), [by])]

    def _select(
        self, projection: AnyProjection, where: sql.Composable, values: list[Any]
    ) -> list[tuple[str, View]]:
        made = columns(projection)
        names = [
            sql.SQL("{}::text").format(sql.Identifier(c.name))
            if c.sql == "jsonb"
            else sql.Identifier(c.name)
            for c in made
        ]
        with self._pool.connection() as db:
            rows = db.execute(
                sql.SQL("SELECT key, owner, {} FROM {} WHERE {} ORDER BY {}").format(
                    sql.SQL(", ").join(names),
                    sql.Identifier("projection", projection.group),
                    where,
                    sql.Identifier(projection.sort_by),
                ),
                values,
            ).fetchall()
        sealed = any(c.personal for c in made)
        keys = self._keys({row[1] for row in rows}) if sealed and rows else {}
        out = []
        for key, owner, *stored in rows:
            read = {
                c.name: c.read(value, projection.group, owner, keys.get(owner))
                for c, value in zip(made, stored, strict=True)
            }
            out.append((key, projection.view(**read)))
        return out

    def commit(self, projection: AnyProjection, change: Change) -> None:
        made = columns(projection)
        group, partition = projection.group, change.partition
        keys = self._keys({o for o, row in change.rows.values() if row}) if change.rows else {}
        rows = [
            (
                partition,
                key,
                owner,
                *(c.store(getattr(row, c.name), group, owner, keys.get(owner)) for c in made),
            )
            for key, (owner, row) in change.rows.items()
            if row is not None
        ]
        gone = [key for key, (_, row) in change.rows.items() if row is None]
        try:
            with self._pool.connection() as db, db.transaction():
                # First and by itself: who is fenced off sends nothing more.
                db.execute(
                    "SELECT projection.advance(%s, %s, %s, %s, %s)",
                    [group, partition, change.epoch, change.after, change.upto],
                )
                with db.pipeline():
                    self._write(db.cursor(), projection, change, rows, gone)
        except psycopg.Error as error:
            if error.sqlstate == "OM001":
                raise Fenced from None
            raise

    def _write(
        self,
        cursor: psycopg.Cursor[Any],
        projection: AnyProjection,
        change: Change,
        rows: list[tuple[Any, ...]],
        gone: list[str],
    ) -> None:
        table = sql.Identifier("projection", projection.group)
        if gone:
            delete = sql.SQL("DELETE FROM {} WHERE partition = %s AND key = ANY(%s)")
            cursor.execute(delete.format(table), [change.partition, gone])
        if rows:
            statement = _upsert(table, columns(projection))
            cursor.execute(statement, [list(column) for column in zip(*rows, strict=True)])
        if change.parked:
            cursor.executemany(
                "INSERT INTO projection.parked VALUES (%s, %s, %s, %s, %s, %s)",
                [
                    (projection.group, change.partition, p.number, p.key, p.owner, p.reason)
                    for p in change.parked
                ],
            )


def _upsert(table: sql.Identifier, made: list[Column]) -> sql.Composed:
    """One statement for many rows: an array for each column."""
    names = [sql.Identifier(c.name) for c in made]
    arrays = [sql.SQL("%b::int[], %b::text[], %b::text[]")]
    arrays += [
        sql.SQL("%b::" + ("text" if c.parse and not c.personal else c.sql) + "[]") for c in made
    ]
    values = [
        sql.SQL("{}::jsonb").format(n) if c.sql == "jsonb" else n
        for c, n in zip(made, names, strict=True)
    ]
    return sql.SQL(
        "INSERT INTO {} (partition, key, owner, {}) SELECT partition, key, owner, {} "
        "FROM unnest({}) AS new (partition, key, owner, {}) "
        "ON CONFLICT (partition, key) DO UPDATE SET {}"
    ).format(
        table,
        sql.SQL(", ").join(names),
        sql.SQL(", ").join(values),
        sql.SQL(", ").join(arrays),
        sql.SQL(", ").join(names),
        sql.SQL(", ").join(sql.SQL("{0} = excluded.{0}").format(n) for n in names),
    )
