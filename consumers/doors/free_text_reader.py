"""The reading of special instructions by an interpreter, whose results are not trusted."""

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
"""An interpretation with a smaller confidence is left to a person."""
_INTERPRETATION = TypeAdapter(Interpretation)


class InterpreterFailed(Refusal):
    """The interpreter of free text raised an error, or its result is not an interpretation."""

    code = "interpreter-failed"


@dataclass(frozen=True, slots=True)
class FreeTextReader:
    """An interpreter, and the confidence from which its results need no person."""

    interpreter: Interpreter = interpret
    sure_from: float = SURE_FROM

    def read(
        self, order: Order, instruction_id: str, phrases: Sequence[Phrase]
    ) -> Interpretation | None:
        """Return the interpretation of an instruction of the order.

        None if there is no such instruction, or if its text was erased. Raises InterpreterFailed;
        the interpreter's own message is left out, because it may repeat the text.
        """
        instruction = order.instructions.get(instruction_id)
        text = readable(instruction.request.text) if instruction else None
        if text is None:
            return None
        try:
            interpretation = self.interpreter(text, phrases)
        except Exception as error:
            raise InterpreterFailed(
                f"the interpreter failed ({type(error).__name__}): correct it, or give the "
                "operations",
                "operations",
            ) from None
        try:
            document = _INTERPRETATION.dump_json(interpretation, warnings="error")
            return _INTERPRETATION.validate_json(document)
        except (ValueError, TypeError, AttributeError):
            raise InterpreterFailed(
                "the interpreter's result is not an interpretation: correct it, or give the "
                "operations",
                "operations",
            ) from None


BY_RULES = FreeTextReader()
