"""The story of a subject: its events, what caused them, and what they caused."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import cast
from uuid import UUID

import msgspec

from consumers.ports.views import RowFilter, ViewReader
from consumers.questions.rows import find_view, key_filter
from domain.personal import Erased
from domain.subject import Subject, is_subject
from domain.values import Stage
from projections.audit import AuditRow
from projections.backlog import BacklogRow, may_change
from projections.story import CausalNode, story_of


class StoryNode(msgspec.Struct, frozen=True, kw_only=True):
    """An event, `depth` levels below the first cause; `unexpected` names the rules that it broke.

    A node without a type is a cause that is not an event: a command, or an event from elsewhere.
    """

    depth: int
    id: UUID
    type: str | None
    subject: str | None
    time: datetime | None
    actor: str | None
    channel: str | None
    reason: str | Erased | None
    position: str | None
    unexpected: Sequence[str]


class StoryChoice(msgspec.Struct, frozen=True):
    """An option that is chosen in the order; `may_change` is yes, by change order, or no."""

    line_id: str
    option: str
    value: str
    stage: Stage
    may_change: str


class Story(msgspec.Struct, frozen=True):
    """`rows` are the subject's own events; `tree` holds them among their causes and effects.

    `more` tells that the subject has more events than the limit. `choices` is empty for anything
    but an order.
    """

    rows: Sequence[AuditRow]
    more: bool
    tree: Sequence[StoryNode]
    choices: Sequence[StoryChoice]


def tell_story(key: str, views: ViewReader, limit: int) -> Story:
    """Return the story of a subject such as `order/7`, or of a customer by our id.

    Causes are followed up and effects down, also into other streams, to `limit` events in all.
    """
    audit = find_view("audit")
    events = cast(list[AuditRow], views.select(audit, key_filter(audit, key), limit + 1))
    rows = events[:limit]
    return Story(
        rows=rows,
        more=len(events) > limit,
        tree=_tree(rows, views, limit),
        choices=_choices(key, views),
    )


def _tree(rows: Sequence[AuditRow], views: ViewReader, limit: int) -> list[StoryNode]:
    events = _with_causes({row.event_id: row for row in rows}, views, limit)
    events = _with_effects(events, rows, views, limit)
    rules = _broken_rules({row.subject for row in events.values()}, views)
    return [_node(node, rules.get(node.id, [])) for node in story_of(events.values())]


def _with_causes(
    events: dict[UUID, AuditRow], views: ViewReader, limit: int
) -> dict[UUID, AuditRow]:
    looked_up: set[UUID] = set()
    while causes := {r.cause for r in events.values() if r.cause} - set(events) - looked_up:
        looked_up |= causes
        room = limit - len(events)
        events = events | _audit_rows({"key": [str(id) for id in causes]}, views, room)
    return events


def _with_effects(
    events: dict[UUID, AuditRow], rows: Sequence[AuditRow], views: ViewReader, limit: int
) -> dict[UUID, AuditRow]:
    causes = {r.event_id for r in rows} | {r.cause for r in rows if r.cause and r.by_command}
    while causes and len(events) < limit:
        effects = _audit_rows({"cause": list(causes)}, views, limit)
        causes = set(effects) - set(events)
        events = events | effects
    return events


def _audit_rows(where: RowFilter, views: ViewReader, limit: int) -> dict[UUID, AuditRow]:
    rows = views.select(find_view("audit"), where, max(0, limit))
    return {row.event_id: row for row in cast(list[AuditRow], rows)}


def _broken_rules(subjects: Collection[str], views: ViewReader) -> dict[UUID, list[str]]:
    """The rules that each event broke, of the orders among the subjects."""
    orders = [s.id for s in map(Subject.parse, subjects) if s.kind == "order"]
    rules: dict[UUID, list[str]] = {}
    for row in views.select(find_view("backlog"), {"key": orders}, len(orders)):
        # While another version of the backlog is shown, its rows are of another class.
        for flag in row.unexpected if isinstance(row, BacklogRow) else ():
            rules.setdefault(flag.event_id, []).append(flag.rule)
    return rules


def _node(node: CausalNode, unexpected: Sequence[str]) -> StoryNode:
    event = node.event
    return StoryNode(
        depth=node.depth,
        id=node.id,
        type=event.type if event else None,
        subject=event.subject if event else None,
        time=event.time if event else None,
        actor=event.actor if event else None,
        channel=event.channel if event else None,
        reason=event.reason if event else None,
        position=event.position if event else None,
        unexpected=unexpected,
    )


def _choices(key: str, views: ViewReader) -> list[StoryChoice]:
    subject = Subject.parse(key) if is_subject(key) else None
    if subject is None or subject.kind != "order":
        return []
    return [
        StoryChoice(
            line_id=chosen.line_id,
            option=chosen.option,
            value=chosen.value,
            stage=chosen.stage,
            may_change=may_change(row, chosen),
        )
        for row in views.select(find_view("backlog"), {"key": [subject.id]}, 1)
        if isinstance(row, BacklogRow)
        for chosen in row.choices.options
    ]
