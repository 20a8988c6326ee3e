"""What a special instruction means: what every interpreter answers, and what events store."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from domain.event import strict
from domain.personal import Plain, Pseudonym
from domain.values import Money, Name, Share


@strict
@dataclass(frozen=True, slots=True, kw_only=True)
class Meaning:
    """The operations that a part of an instruction asks for, and their price for each piece.

    `amount` is None while nobody has given a price.
    """

    operations: Plain[Annotated[tuple[Name, ...], Field(min_length=1, max_length=100)]]
    amount: Plain[Money | None] = None


@strict
@dataclass(frozen=True, slots=True, kw_only=True)
class Interpretation:
    """An interpreter's answer to a text; without meanings it has understood nothing.

    `understood` is the share of the words of the text that the meanings account for, and
    `confidence` the probability that they are what the customer wants. `by` names the interpreter.
    """

    meanings: Plain[Annotated[tuple[Meaning, ...], Field(max_length=100)]]
    understood: Plain[Share]
    confidence: Plain[Share]
    by: Pseudonym[Name]
