"""A design, as its events leave it. Never refuses."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import assert_never

from domain.book.book import OrderLine
from domain.design import events as e


@dataclass(frozen=True, slots=True)
class Design:
    """`validated` is of what is chosen now: a choice takes it back."""

    book: str | None = None
    lines: tuple[OrderLine, ...] = ()
    options: dict[tuple[str, str], e.OptionChosen] = field(default_factory=dict)
    validated: e.ConfigurationValidated | None = None


def evolve(design: Design, event: e.DesignEvent, _at: datetime) -> Design:
    match event:
        case e.ConfigurationStarted(book=book, lines=lines):
            return Design(book, lines)
        case e.OptionChosen(line_id=line, option=option):
            options = {**design.options, (line, option): event}
            return replace(design, options=options, validated=None)
        case e.OptionCleared(line_id=line, option=option):
            options = {k: v for k, v in design.options.items() if k != (line, option)}
            return replace(design, options=options, validated=None)
        case e.ConfigurationValidated():
            return replace(design, validated=event)
        case _:
            assert_never(event)
