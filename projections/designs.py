"""The view `designs`: what is chosen in each design, and whether its book allows it."""

from __future__ import annotations

from datetime import datetime

from msgspec.structs import replace

from domain.design.events import (
    ConfigurationStarted,
    ConfigurationValidated,
    DesignOptionChosen,
    DesignOptionCleared,
)
from domain.event import Recorded
from domain.personal import Plain, Pseudonym
from domain.subject import Subject
from projections.choices import ChosenOption, without_option
from projections.keys import by_design
from projections.view import Part, Projection, Row


class Validated(Part, frozen=True, kw_only=True):
    """The result of checking the choices against version `rules_version` of the book.

    `broken` are the ids of the rules that they break.
    """

    rules_version: Plain[int]
    valid: Plain[bool]
    broken: Plain[tuple[str, ...]]
    at: Plain[datetime]


class DesignRow(Row, frozen=True, kw_only=True):
    """A design. `validated` is None until it is validated, and again after each change."""

    design_id: Pseudonym[str]
    customer: Pseudonym[str | None]
    book: Plain[str]
    started: Plain[datetime]
    products: Plain[tuple[str, ...]]
    options: Plain[tuple[ChosenOption, ...]] = ()
    validated: Plain[Validated | None] = None


designs = Projection(
    "designs", 1, DesignRow,
    answers="What is chosen in each design, and does its book allow it?", look_up=("customer",),
)  # fmt: skip


@designs.on(ConfigurationStarted, key=by_design)
def start(_: DesignRow | None, event: Recorded[ConfigurationStarted]) -> DesignRow:
    return DesignRow(
        design_id=Subject.parse(event.event.subject).id,
        customer=event.event.customerid,
        book=event.data.book,
        started=event.event.time,
        products=tuple(line.product for line in event.data.lines),
    )


@designs.on(DesignOptionChosen, key=by_design)
def choose(row: DesignRow | None, event: Recorded[DesignOptionChosen]) -> DesignRow | None:
    if row is None:
        return None
    data = event.data
    new = ChosenOption(line_id=data.line_id, option=data.option, value=data.value, stage=data.stage)
    others = without_option(row.options, data.line_id, data.option)
    return replace(row, options=(*others, new), validated=None)


@designs.on(DesignOptionCleared, key=by_design)
def clear(row: DesignRow | None, event: Recorded[DesignOptionCleared]) -> DesignRow | None:
    if row is None:
        return None
    options = without_option(row.options, event.data.line_id, event.data.option)
    return replace(row, options=options, validated=None)


@designs.on(ConfigurationValidated, key=by_design)
def validate(row: DesignRow | None, event: Recorded[ConfigurationValidated]) -> DesignRow | None:
    data = event.data
    validated = Validated(
        rules_version=data.rules_version, valid=data.valid, broken=data.broken,
        at=event.event.time,
    )  # fmt: skip
    return row and replace(row, validated=validated)
