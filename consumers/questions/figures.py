"""The figures of a view."""

from __future__ import annotations

from datetime import datetime
from itertools import chain
from typing import Any

from consumers.ports.store import Books
from consumers.ports.views import ViewReader
from projections import discover, figures


def view_figures(view: str, views: ViewReader, books: Books, now: datetime) -> Any | None:
    """Return the figures over all rows of a view at a time: a dataclass of `projections.figures`.

    None where the view has no figures, and while a view that they read is shown in another version
    than this release's.
    """
    definition, live = figures.definition_of(view), views.live()
    if definition is None or any(live[v] != discover()[v].group for v in definition.reads):
        return None
    rows = chain.from_iterable(views.stream(discover()[v]) for v in definition.reads)
    arguments = [books] if definition.by_books else []
    return definition.figures(rows, now, *arguments)
