"""Plug-ins that read free text: entry points of the installed packages."""

from __future__ import annotations

from importlib.metadata import entry_points
from typing import cast

from consumers.ports.interpreter import Interpreter
from domain.errors import Refusal

GROUP = "ordermade.interpreters"


def load_interpreter(name: str) -> Interpreter:
    """Raises Refusal, with the names that there are, for one that nobody has installed."""
    found = entry_points(group=GROUP)
    if name not in found.names:
        raise Refusal(
            f"there is no interpreter {name}: set ORDERMADE_INTERPRETER to one of "
            f"{', '.join(sorted(found.names))}, or install the package that has it"
        )
    return cast(Interpreter, found[name].load())
