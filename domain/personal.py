"""How private a field is. Every field of events, of the envelope and of views says so.

`Plain` tells nothing about a person. `Pseudonym` stands for one (an id that we or a publisher
minted). `Personal` is about one: it is sealed under the customer's key wherever it is stored.
"""

from __future__ import annotations

import functools
import operator
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar, get_args

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Erased:
    """A personal value that cannot be read: sealed as stored, or without a key for good."""

    sealed: bytes = b""


ERASED = Erased()


@dataclass(frozen=True, slots=True)
class Privacy:
    name: str


class _Sealable(Privacy):
    """Tells pydantic, the doors' decoder, that nobody can send an `Erased`."""

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> Any:
        alternatives = [a for a in get_args(source) if a is not Erased]
        return handler.generate_schema(functools.reduce(operator.or_, alternatives))


PLAIN = Privacy("plain")
PSEUDONYM = Privacy("pseudonym")
PERSONAL = _Sealable("personal")

Plain = Annotated[T, PLAIN]
Pseudonym = Annotated[T, PSEUDONYM]
Personal = Annotated[T | Erased, PERSONAL]


def privacy_of(annotation: Any) -> Privacy | None:
    """What a field's type hint (with its extras) says of its privacy; None if it says nothing."""
    marks = [m for m in getattr(annotation, "__metadata__", ()) if isinstance(m, Privacy)]
    return marks[-1] if marks else None


def readable(value: T | Erased) -> T | None:
    """The value, or None where its key is gone."""
    return None if isinstance(value, Erased) else value
