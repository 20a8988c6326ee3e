"""What a part of a special instruction means, and its price, as events store it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from domain.event import strict
from domain.personal import Plain
from domain.values import Money, Name


@strict
@dataclass(frozen=True, slots=True, kw_only=True)
class Meaning:
    """One wish of an instruction, and what it costs a piece; None: nobody has said."""

    operations: Plain[Annotated[tuple[Name, ...], Field(min_length=1, max_length=100)]]
    amount: Plain[Money | None] = None
