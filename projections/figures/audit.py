"""What happened, who did it, and where an answer is missing.

Orphan causes and missing actors should be none; what is unexpected is listed, never refused.
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
from projections.figures.measures import MOST, share

READS = ("audit", "backlog")
_CAUSES = 100_000
"""So many causes are looked for before those that are known by now are let go of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OfType:
    type: str
    kind: str
    events: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """An event; for an orphan with the cause that it names."""

    event_id: UUID
    subject: str
    type: str
    causationid: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Unexpected:
    rule: str
    reports: int
    orders: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Flagged:
    """A report that broke a rule."""

    event_id: UUID
    subject: str
    rule: str
    time: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditFigures:
    events: Annotated[int, "How many events are there?"]
    caused: Annotated[int, "How many name a cause?"]
    orphan_causes: Annotated[int, "How many name a cause that nobody knows?"]
    missing_actors: Annotated[int, "How many decisions do not say who took them?"]
    unexpected: Annotated[int, "How often did a report break a rule?"]
    wrong_person: Annotated[float | None, "What share of recognised people was another person?"]
    by_type: Annotated[tuple[OfType, ...], "What happened how often?"]
    orphans: Annotated[tuple[Example, ...], "Which events name a cause that nobody knows?"]
    without_actor: Annotated[tuple[Example, ...], "Which decisions do not say who took them?"]
    unexpected_by_rule: Annotated[tuple[Unexpected, ...], "Which rules did reports break?"]
    flagged: Annotated[tuple[Flagged, ...], "Which reports did so?"]


def figures(rows: Iterable[AuditRow | BacklogRow], _now: datetime) -> AuditFigures:
    """A cause is known if it is an event, or a command that recorded one."""
    types: Counter[str] = Counter()
    known = array("Q")  # halves of ids, 8 bytes each; a set of whole ones takes ten times as much
    wanted: defaultdict[int, list[Example]] = defaultdict(list)
    limit = _CAUSES
    actorless: list[Example] = []
    missing = caused = 0
    broken: defaultdict[str, Counter[str]] = defaultdict(Counter)
    flagged: list[Flagged] = []
    for row in rows:
        if isinstance(row, BacklogRow):
            for flag in _flags(row):
                broken[flag.rule][flag.subject] += 1
                flagged += [flag][: MOST - len(flagged)]
            continue
        types[row.type] += 1
        known.append(_half(row.event_id))
        if row.cause:
            caused += 1
            if row.by_command:
                known.append(_half(row.cause))
            else:
                wanted[_half(row.cause)].append(_example(row))
                if len(wanted) >= limit:
                    _let_go(wanted, known)
                    limit = 2 * len(wanted) + _CAUSES
        if row.actor is None and TYPES[row.type].kind is Kind.DECISION:
            missing += 1
            actorless += [_example(row)][: MOST - len(actorless)]
    _let_go(wanted, known)
    orphans = [example for effects in wanted.values() for example in effects]
    return AuditFigures(
        events=types.total(),
        caused=caused,
        orphan_causes=len(orphans),
        missing_actors=missing,
        unexpected=sum(flags.total() for flags in broken.values()),
        wrong_person=share(
            types["customer.principal-corrected.v1"], types["customer.principal-recognised.v1"]
        ),
        by_type=tuple(
            OfType(type=name, kind=TYPES[name].kind.value, events=n)
            for name, n in types.most_common()
        ),
        orphans=tuple(orphans[:MOST]),
        without_actor=tuple(actorless),
        unexpected_by_rule=tuple(
            Unexpected(rule=rule, reports=flags.total(), orders=len(flags))
            for rule, flags in sorted(broken.items())
        ),
        flagged=tuple(flagged),
    )


def _flags(row: BacklogRow) -> Iterable[Flagged]:
    for broken in row.unexpected:
        yield Flagged(
            event_id=broken.event_id, subject=str(Subject("order", row.order_id)), rule=broken.rule,
            time=broken.time,
        )  # fmt: skip


def _let_go(wanted: dict[int, list[Example]], known: Iterable[int]) -> None:
    for half in known:
        wanted.pop(half, None)


def _half(id: UUID) -> int:
    return id.int >> 64


def _example(row: AuditRow) -> Example:
    return Example(
        event_id=row.event_id, subject=row.subject, type=row.type, causationid=row.causationid
    )
