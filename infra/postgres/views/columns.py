"""Fields of rows as columns: what each is in SQL, and how a value gets there and back."""

from __future__ import annotations

import functools
import types
import typing
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec
from cryptography.exceptions import InvalidTag

from domain.personal import ERASED, PERSONAL, Erased, privacy_of
from infra.keys import OwnerKey
from projections.view import AnyProjection

_SCALARS: dict[Any, str] = {
    str: "text", int: "bigint", float: "double precision", bool: "boolean",
    datetime: "timestamptz", UUID: "uuid", Decimal: "numeric",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Column:
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
    hints = typing.get_type_hints(projection.row, include_extras=True)
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


def column_of(name: str, sql: str) -> Column:
    """A column of a table whose row this release does not know; its values stay plain JSON."""
    parse = msgspec.json.decode if sql in ("bytea", "jsonb") else None
    return Column(name, sql, sql == "bytea", parse)
