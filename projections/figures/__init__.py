"""Figures: the numbers that people read, computed by pure functions from rows and a time.

The figures of a view are in the module of the same name in this folder. It has a function
`figures(rows, now)` that returns a frozen dataclass; the annotation of each field holds the
question that the field answers, which is shown as its heading. A module that reads rows of other
views names all of them in `READS`. With `BY_BOOKS` its function takes the published versions of
books as a third argument.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any


@dataclass(frozen=True, slots=True)
class FigureDefinition:
    """The function that computes a view's figures, and the views whose rows it takes.

    The rows come in any order, and `by_books` says whether it takes the versions of books too.
    """

    reads: tuple[str, ...]
    figures: Callable[..., Any]
    by_books: bool


def definition_of(view: str) -> FigureDefinition | None:
    """How the figures of a view are computed; None for a view without figures."""
    name = f"{__name__}.{view}"
    if find_spec(name) is None:
        return None
    module = importlib.import_module(name)
    reads, by_books = getattr(module, "READS", (view,)), getattr(module, "BY_BOOKS", False)
    return FigureDefinition(reads, module.figures, by_books)
