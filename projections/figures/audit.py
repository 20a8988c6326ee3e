"""Figures of the view `audit`: what happened, who did it, and where the cause or actor is missing.

Causes that nobody knows and decisions without an actor should be none.
"""

from __future__ import annotations

from array import array
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from uuid import UUID

import domain.customer.events  # noqa: F401
from domain.event import TYPES, Kind
from domain.subject import Subject
from projections.audit import AuditRow
from projections.backlog import BacklogRow
from projections.figures.measures import LIST_LIMIT, share

READS = ("audit", "backlog")
_PENDING = 100_000
"""Causes that are looked for at a time, before those that were found are removed: bounds memory."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TypeCount:
    type: str
    kind: str
    events: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EventExample:
    """An event, with the cause that it names."""

    event_id: UUID
    subject: str
    type: str
    causationid: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokenRuleCount:
    """How many reports broke a rule, and on how many orders."""

    rule: str
    reports: int
    orders: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FlaggedReport:
    """A report that broke a rule."""

    event_id: UUID
    subject: str
    rule: str
    time: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditFigures:
    events: Annotated[int, "How many events are there?"]
    caused: Annotated[int, "How many name a cause?"]
    orphan_causes: Annotated[int, "How many name a cause that is not known?"]
    missing_actors: Annotated[int, "How many decisions do not say who took them?"]
    unexpected: Annotated[int, "How often did a report break a rule?"]
    wrong_person: Annotated[float | None, "What share of recognised people was another person?"]
    by_type: Annotated[tuple[TypeCount, ...], "What happened how often?"]
    orphans: Annotated[tuple[EventExample, ...], "Which events name a cause that is not known?"]
    without_actor: Annotated[tuple[EventExample, ...], "Which decisions do not say who took them?"]
    unexpected_by_rule: Annotated[tuple[BrokenRuleCount, ...], "Which rules did reports break?"]
    flagged: Annotated[tuple[FlaggedReport, ...], "Which reports did so?"]


def figures(rows: Iterable[AuditRow | BacklogRow], _now: datetime) -> AuditFigures:
    """A cause is known if it is an event of the rows, or a command that recorded one of them."""
    types: Counter[str] = Counter()
    # Halves of ids, 8 bytes each: a set of whole ids takes ten times as much memory.
    present = array("Q")
    orphans: defaultdict[int, list[EventExample]] = defaultdict(list)
    limit = _PENDING
    without_actor: list[EventExample] = []
    missing_actors = caused = 0
    by_rule: defaultdict[str, Counter[str]] = defaultdict(Counter)
    flagged: list[FlaggedReport] = []
    for row in rows:
        if isinstance(row, BacklogRow):
            for report in _flagged(row):
                by_rule[report.rule][report.subject] += 1
                flagged += [report][: LIST_LIMIT - len(flagged)]
            continue
        types[row.type] += 1
        present.append(_half(row.event_id))
        if row.cause:
            caused += 1
            if row.by_command:
                present.append(_half(row.cause))
            else:
                orphans[_half(row.cause)].append(_example(row))
                if len(orphans) >= limit:
                    _remove(orphans, present)
                    limit = 2 * len(orphans) + _PENDING
        if row.actor is None and TYPES[row.type].kind is Kind.DECISION:
            missing_actors += 1
            without_actor += [_example(row)][: LIST_LIMIT - len(without_actor)]
    _remove(orphans, present)
    examples = [example for effects in orphans.values() for example in effects]
    return AuditFigures(
        events=types.total(),
        caused=caused,
        orphan_causes=len(examples),
        missing_actors=missing_actors,
        unexpected=sum(orders.total() for orders in by_rule.values()),
        wrong_person=share(
            types["customer.principal-corrected.v1"], types["customer.principal-recognised.v1"]
        ),
        by_type=tuple(
            TypeCount(type=name, kind=TYPES[name].kind.value, events=n)
            for name, n in types.most_common()
        ),
        orphans=tuple(examples[:LIST_LIMIT]),
        without_actor=tuple(without_actor),
        unexpected_by_rule=tuple(
            BrokenRuleCount(rule=rule, reports=orders.total(), orders=len(orders))
            for rule, orders in sorted(by_rule.items())
        ),
        flagged=tuple(flagged),
    )


def _flagged(row: BacklogRow) -> Iterable[FlaggedReport]:
    subject = str(Subject("order", row.order_id))
    for broken in row.unexpected:
        yield FlaggedReport(
            event_id=broken.event_id, subject=subject, rule=broken.rule, time=broken.time
        )


def _remove(orphans: dict[int, list[EventExample]], present: Iterable[int]) -> None:
    """Remove the effects whose cause is present."""
    for half in present:
        orphans.pop(half, None)


def _half(id: UUID) -> int:
    return id.int >> 64


def _example(row: AuditRow) -> EventExample:
    return EventExample(
        event_id=row.event_id, subject=row.subject, type=row.type, causationid=row.causationid
    )
