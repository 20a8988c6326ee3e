"""The state of a design: its lines, and what is chosen for them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import assert_never

from domain.book.book import OrderLine
from domain.design import events as e


@dataclass(frozen=True, slots=True)
class Design:
    """A design; its options by line and option.

    `validated` is the result of the last validation, None once a choice has changed since.
    """

    book: str | None = None
    lines: tuple[OrderLine, ...] = ()
    options: dict[tuple[str, str], e.DesignOptionChosen] = field(default_factory=dict)
    validated: e.ConfigurationValidated | None = None


def evolve(design: Design, event: e.DesignEvent, _at: datetime) -> Design:
    """Return the design after an event."""
    match event:
        case e.ConfigurationStarted(book=book, lines=lines):
            return Design(book, lines)
        case e.DesignOptionChosen(line_id=line, option=option):
            options = {**design.options, (line, option): event}
            return replace(design, options=options, validated=None)
        case e.DesignOptionCleared(line_id=line, option=option):
            options = {k: v for k, v in design.options.items() if k != (line, option)}
            return replace(design, options=options, validated=None)
        case e.ConfigurationValidated():
            return replace(design, validated=event)
        case _:
            assert_never(event)
