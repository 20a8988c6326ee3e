"""Interpreters of free text: plug-ins, found among the entry points of installed packages."""

from __future__ import annotations

from importlib.metadata import entry_points
from typing import cast

from consumers.ports.interpreter import Interpreter
from domain.errors import Refusal

GROUP = "ordermade.interpreters"


def load_interpreter(name: str) -> Interpreter:
    """The interpreter of a name. Raises Refusal, with the installed names, where it is missing."""
    installed = entry_points(group=GROUP)
    if name not in installed.names:
        raise Refusal(
            f"there is no interpreter {name}: set ORDERMADE_INTERPRETER to one of "
            f"{', '.join(sorted(installed.names))}, or install the package that provides it"
        )
    return cast(Interpreter, installed[name].load())
