"""The numbers that are shown: pure, from rows and a time, each defined once.

A module of a view's name here has `figures(rows, now)`, which gives a frozen dataclass; a field's
annotation holds the question that it answers. It is discovered by its name. Where other views' rows
are read as well, `READS` names all of them. With `BY_BOOKS`, `figures` takes the published books as
a third argument, and says less without them.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any


@dataclass(frozen=True, slots=True)
class FigureDefinition:
    """How a view's figures are made: from the rows of the views that it reads, in any order."""

    reads: tuple[str, ...]
    figures: Callable[..., Any]
    by_books: bool


def of(view: str) -> FigureDefinition | None:
    """None for a view that has no figures."""
    name = f"{__name__}.{view}"
    if find_spec(name) is None:
        return None
    module = importlib.import_module(name)
    reads, by_books = getattr(module, "READS", (view,)), getattr(module, "BY_BOOKS", False)
    return FigureDefinition(reads, module.figures, by_books)
