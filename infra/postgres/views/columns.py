"""Columns of view tables: the SQL type of each field of a row, and how its value is stored."""

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
    """A column. `parse` decodes its JSON; None where the SQL type holds the value itself."""

    name: str
    sql_type: str
    personal: bool
    parse: Callable[[bytes], Any] | None

    def encode(self, value: Any, group: str, owner: str, key: OwnerKey | None) -> Any:
        """The value as it is stored; a personal value is sealed, without a key it is NULL."""
        if not self.personal:
            return msgspec.json.encode(value).decode() if self.parse else value
        if value is None or isinstance(value, Erased) or key is None:
            return None
        return key.seal(msgspec.json.encode(value), _associated_data(group, owner, self.name))

    def decode(self, value: Any, group: str, owner: str, key: OwnerKey | None) -> Any:
        """The value of the row; a personal value that `key` does not open is ERASED."""
        if value is None or not self.parse:
            return ERASED if self.personal and key is None else value
        if not self.personal:
            return self.parse(value.encode())
        if key is None:
            return ERASED
        try:
            return self.parse(key.open(bytes(value), _associated_data(group, owner, self.name)))
        except InvalidTag:
            return ERASED


def _associated_data(group: str, owner: str, column: str) -> bytes:
    return f"{group}/{owner}/{column}".encode()


@functools.cache
def columns(projection: AnyProjection) -> list[Column]:
    """A column for each field of the row: scalars as SQL types, personal values as sealed bytes,
    all else as JSON."""
    hints = typing.get_type_hints(projection.row, include_extras=True)
    return [_column(name, hints[name]) for name in hints]


def _column(name: str, hint: Any) -> Column:
    if privacy_of(hint) is PERSONAL:
        return Column(name, "bytea", True, msgspec.json.Decoder(hint).decode)
    bare = typing.get_args(hint)[0]
    if isinstance(bare, types.UnionType) or typing.get_origin(bare) is typing.Union:
        bare = next(a for a in typing.get_args(bare) if a is not type(None))
    if typing.get_origin(bare) is typing.Literal:
        bare = type(typing.get_args(bare)[0])
    if bare in _SCALARS:
        return Column(name, _SCALARS[bare], False, None)
    return Column(name, "jsonb", False, msgspec.json.Decoder(hint).decode)


def column_by_type(name: str, sql_type: str) -> Column:
    """A column of another release's table, known by its SQL type; JSON values are not parsed
    into classes."""
    parse = msgspec.json.decode if sql_type in ("bytea", "jsonb") else None
    return Column(name, sql_type, sql_type == "bytea", parse)
