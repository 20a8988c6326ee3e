"""Errors as a delivery shows them: what is wrong, and what to do next in the delivery's terms."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from domain.errors import CodedError


class UserError(Exception):
    """A message for the person who started the command: what is wrong, and what to do next."""


class _Placeholders(dict[str, Any]):
    """Data of an error; a name that it lacks stays as a placeholder, like ORDER."""

    def __missing__(self, name: str) -> str:
        return name.upper()


def with_remedy(error: CodedError, remedies: Mapping[str, str]) -> str:
    """The sentence of an error, followed by the remedy that a delivery has for its code."""
    remedy = remedies.get(error.code)
    if remedy is None:
        return str(error)
    return f"{error}. {remedy.format_map(_Placeholders(error.data))}"
