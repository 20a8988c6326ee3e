"""The form of values that digests are computed over.

It does not change when a class gains optional fields.
"""

from __future__ import annotations

import typing
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, fields, is_dataclass
from typing import Any

import msgspec

from domain.event import TYPES
from domain.first_fields import FIRST_FIELDS

_encode = msgspec.json.Encoder(decimal_format="string").encode
_FIRST_FIELDS_ONLY: dict[type, bool] = {}


def canonical_bytes(value: Any) -> bytes:
    """Return the canonical form of a value as JSON.

    A field of the first release is always written, a later one only where it differs from its
    default. So a digest of an earlier release still verifies after a class has gained optional
    fields.
    """
    return _encode(_canonical(value))


def has_first_fields_only(cls: type) -> bool:
    """Whether a dataclass and its parts still have the fields of the first release.

    Then its values can be encoded as they are.
    """
    if cls not in _FIRST_FIELDS_ONLY:
        names = tuple(field.name for field in fields(cls))
        hints = typing.get_type_hints(cls, include_extras=True).values()
        parts = (part for hint in hints for part in _dataclasses(hint))
        same = names == FIRST_FIELDS.get(_name(cls))
        _FIRST_FIELDS_ONLY[cls] = same and all(map(has_first_fields_only, parts))
    return _FIRST_FIELDS_ONLY[cls]


def _canonical(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        if has_first_fields_only(type(value)):
            return value
        return {name: _canonical(getattr(value, name)) for name in _written(value)}
    if isinstance(value, Mapping):
        return {name: _canonical(each) for name, each in value.items()}
    if isinstance(value, tuple | list):
        return [_canonical(each) for each in value]
    return value


def _written(value: Any) -> Iterator[str]:
    first = FIRST_FIELDS.get(_name(type(value)), ())
    yield from first
    for field in fields(value):
        if field.name not in first and getattr(value, field.name) != _default(field):
            yield field.name


def _default(field: Any) -> Any:
    return field.default if field.default_factory is MISSING else field.default_factory()


def _name(cls: type) -> str:
    """The name of a class in `FIRST_FIELDS`."""
    return next((t.name for t in TYPES.values() if t.cls is cls), cls.__name__)


def _dataclasses(hint: Any) -> Iterator[type]:
    """The dataclasses that a type hint mentions."""
    if isinstance(hint, type) and is_dataclass(hint):
        yield hint
    for part in typing.get_args(hint):
        yield from _dataclasses(part)
