"""Asking the interpreter: it may be anybody's, so what it says is taken as from outside."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import TypeAdapter

from consumers.ports.interpreter import Interpreter
from domain.book.book import Phrase
from domain.errors import Refusal
from domain.free_text.interpretation import Interpretation
from domain.free_text.interpreter import interpret
from domain.order.state import Order
from domain.personal import readable

SURE_FROM = 0.9
"""A reading that is less confident than this is left to a person."""
_INTERPRETATION = TypeAdapter(Interpretation)


class InterpreterFailed(Refusal):
    """The interpreter of free text raised an error, or its answer is not a reading."""

    code = "interpreter-failed"


@dataclass(frozen=True, slots=True)
class FreeTextReader:
    interpreter: Interpreter = interpret
    sure_from: float = SURE_FROM

    def read(
        self, order: Order, instruction_id: str, phrases: Sequence[Phrase]
    ) -> Interpretation | None:
        """None where there is nothing to read: no such instruction, or its text was erased.

        Raises Refusal where the interpreter fails; it may have repeated the text in its error,
        which therefore is not.
        """
        instruction = order.instructions.get(instruction_id)
        text = readable(instruction.request.text) if instruction else None
        if text is None:
            return None
        try:
            said = self.interpreter(text, phrases)
        except Exception as error:
            raise InterpreterFailed(
                f"the interpreter failed ({type(error).__name__}): mend it, or name the operations",
                "operations",
            ) from None
        try:
            return _INTERPRETATION.validate_json(_INTERPRETATION.dump_json(said, warnings="error"))
        except (ValueError, TypeError, AttributeError):
            raise InterpreterFailed(
                "the interpreter's answer is no reading: mend it, or name the operations",
                "operations",
            ) from None


BY_RULES = FreeTextReader()
