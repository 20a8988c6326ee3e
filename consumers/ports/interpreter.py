"""The interpreter of free text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from domain.book.book import Phrase
from domain.free_text.interpretation import Interpretation


class Interpreter(Protocol):
    """A function that interprets free text; a plug-in may be one."""

    def __call__(self, text: str, phrases: Sequence[Phrase]) -> Interpretation:
        """Return the interpretation of a text by the phrases of the order's book.

        It may take seconds: nothing is locked meanwhile. If it raises, the command is refused; only
        the class of the error is shown, because its message may quote the customer's text.
        """
        ...
