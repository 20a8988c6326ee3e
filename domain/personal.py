"""The privacy of a field. Every field of events, of the envelope and of views is annotated with it.

`Plain` tells nothing about a person. `Pseudonym` stands for a person: an id that we or a publisher
minted. `Personal` is about a person: it is sealed under the owner's key wherever it is stored.
"""

from __future__ import annotations

import functools
import operator
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar, get_args

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Erased:
    """A personal value that cannot be read.

    `sealed` is its encrypted form while it is decoded; `ERASED` is a value whose key is gone.
    """

    sealed: bytes = b""


ERASED = Erased()


@dataclass(frozen=True, slots=True)
class Privacy:
    """A privacy class, as the metadata of a type hint."""

    name: str


class _Sealable(Privacy):
    """Lets pydantic, which decodes at the doors, accept every alternative but `Erased`."""

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
    """Return the privacy in a field's type hint (with its extras); None if it has none."""
    marks = [m for m in getattr(annotation, "__metadata__", ()) if isinstance(m, Privacy)]
    return marks[-1] if marks else None


def readable(value: T | Erased) -> T | None:
    """Return the value, or None where its key is gone."""
    return None if isinstance(value, Erased) else value
