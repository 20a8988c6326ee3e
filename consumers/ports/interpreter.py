"""The interpreter of free text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from domain.book.book import Phrase
from domain.free_text.interpretation import Interpretation


class Interpreter(Protocol):
    """Who says what free text means; a plug-in may be another."""

    def __call__(self, text: str, phrases: Sequence[Phrase]) -> Interpretation:
        """What the text says, by the phrases of the order's book; none where it names none.

        May take its time: nothing is locked meanwhile. What it raises is told as its failure, by
        the error's type alone.
        """
        ...
