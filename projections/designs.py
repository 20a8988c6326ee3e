"""Designs: what is chosen in each, and whether its book allows it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from msgspec.structs import replace

from domain.design import events as e
from domain.personal import Plain, Pseudonym
from domain.subject import Subject
from projections.choices import ChosenOption
from projections.view import AnyEvent, Part, Projection, Row


class Validated(Part, frozen=True, kw_only=True):
    """What version `rules_version` of the book said of what is chosen."""

    rules_version: Plain[int]
    valid: Plain[bool]
    broken: Plain[tuple[str, ...]]
    at: Plain[datetime]


class DesignRow(Row, frozen=True, kw_only=True):
    """`validated` is of what is chosen now: none after another choice."""

    design_id: Pseudonym[str]
    customer: Pseudonym[str | None]
    book: Plain[str]
    started: Plain[datetime]
    products: Plain[tuple[str, ...]]
    options: Plain[tuple[ChosenOption, ...]] = ()
    validated: Plain[Validated | None] = None


def keys(event: AnyEvent) -> Iterable[str]:
    subject = Subject.parse(event.event.subject)
    return [subject.id] if subject.kind == "design" else []


def evolve(row: DesignRow | None, event: AnyEvent) -> DesignRow | None:
    said = event.event
    if isinstance(event.data, e.ConfigurationStarted):
        return DesignRow(
            design_id=Subject.parse(said.subject).id,
            customer=said.customerid,
            book=event.data.book,
            started=said.time,
            products=tuple(line.product for line in event.data.lines),
        )
    if row is None:
        return None  # nobody started it: nothing else may come first
    match event.data:
        case e.DesignOptionChosen(line_id=line, option=option, value=value, stage=stage):
            new = ChosenOption(line_id=line, option=option, value=value, stage=stage)
            return replace(_without(row, line, option), options=(*_others(row, line, option), new))
        case e.DesignOptionCleared(line_id=line, option=option):
            return _without(row, line, option)
        case e.ConfigurationValidated(rules_version=version, valid=valid, broken=broken):
            validated = Validated(rules_version=version, valid=valid, broken=broken, at=said.time)
            return replace(row, validated=validated)
    return row


def _without(row: DesignRow, line: str, option: str) -> DesignRow:
    return replace(row, options=_others(row, line, option), validated=None)


def _others(row: DesignRow, line: str, option: str) -> tuple[ChosenOption, ...]:
    return tuple(c for c in row.options if (c.line_id, c.option) != (line, option))


projection = Projection(
    "designs", 1, DesignRow, keys, evolve,
    answers="What is chosen in each design, and does its book allow it?", look_up=("customer",),
)  # fmt: skip
