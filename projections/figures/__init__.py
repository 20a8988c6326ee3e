"""The numbers that are shown: pure, from rows and a time, each defined once.

A module of a view's name here has `figures(rows, now)`, which gives a frozen dataclass; a field's
annotation holds the question that it answers. It is discovered by its name. Where other views' rows
are read as well, `READS` names all of them.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from importlib.util import find_spec
from typing import Any

from projections.view import View


@dataclass(frozen=True, slots=True)
class Figured:
    """How a view's figures are made: from the rows of the views that it reads, in any order."""

    reads: tuple[str, ...]
    figures: Callable[[Iterable[View], datetime], Any]


def of(view: str) -> Figured | None:
    """None for a view that has no figures."""
    name = f"{__name__}.{view}"
    if find_spec(name) is None:
        return None
    module = importlib.import_module(name)
    return Figured(getattr(module, "READS", (view,)), module.figures)
