"""A subject's story: its events, what they came from and what came of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast
from uuid import UUID

from domain.subject import Subject
from infra.cli.tables import plain, table
from infra.deployment import Deployment
from projections import discover
from projections.audit import AuditRow
from projections.backlog import BacklogRow, may_change
from projections.story import Node, tree

Told = dict[str, Any]


def story(deployment: Deployment, own: Sequence[AuditRow], most: int) -> list[Told]:
    """The tree of causes of a subject's events, each node below its cause, `depth` deep.

    Causes are followed up and effects down, out of the subject's own stream, to `most` events.
    """
    found = _with_effects(
        deployment, _with_causes(deployment, {row.event_id: row for row in own}, most), own, most
    )
    broken = _broken(deployment, {row.subject for row in found.values()})
    return [_told(node, broken) for node in tree(found.values())]


def _with_causes(
    deployment: Deployment, found: dict[UUID, AuditRow], most: int
) -> dict[UUID, AuditRow]:
    looked: set[UUID] = set()
    while ahead := {r.cause for r in found.values() if r.cause} - set(found) - looked:
        looked |= ahead
        found = found | _rows(deployment, "key", list(map(str, ahead)), most - len(found))
    return found


def _with_effects(
    deployment: Deployment, found: dict[UUID, AuditRow], own: Sequence[AuditRow], most: int
) -> dict[UUID, AuditRow]:
    ahead = {r.event_id for r in own} | {r.cause for r in own if r.cause and r.by_command}
    while ahead and len(found) < most:
        new = _rows(deployment, "cause", list(ahead), most)
        ahead = set(new) - set(found)
        found = found | new
    return found


def _rows(
    deployment: Deployment, column: str, values: list[Any], most: int
) -> dict[UUID, AuditRow]:
    rows = deployment.views.select(discover()["audit"], {column: values}, max(0, most))
    return {row.event_id: row for row in cast(list[AuditRow], rows)}


def _broken(deployment: Deployment, subjects: set[str]) -> dict[UUID, list[str]]:
    """The rules that each event broke, by the orders that the story is about."""
    orders = [s.id for s in map(Subject.parse, subjects) if s.kind == "order"]
    rows = deployment.views.select(discover()["backlog"], {"key": orders}, len(orders))
    rules: dict[UUID, list[str]] = {}
    for row in rows:
        # Another version of the backlog may be shown, which flags as it did.
        for flag in row.unexpected if isinstance(row, BacklogRow) else ():
            rules.setdefault(flag.event_id, []).append(flag.rule)
    return rules


def choices(deployment: Deployment, subject: str) -> list[Told]:
    """What is chosen of an order, and whether it may still be changed."""
    about = Subject.parse(subject)
    if about.kind != "order":
        return []
    rows = deployment.views.select(discover()["backlog"], {"key": [about.id]}, 1)
    return [
        {**plain(chosen), "may_change": may_change(row, chosen)}
        for row in rows
        if isinstance(row, BacklogRow)
        for chosen in row.choices.options
    ]


def _told(node: Node, broken: dict[UUID, list[str]]) -> Told:
    event = node.event
    return {
        "depth": node.depth,
        "id": node.id,
        "type": event.type if event else None,
        "subject": event.subject if event else None,
        "time": event.time if event else None,
        "actor": event.actor if event else None,
        "channel": event.channel if event else None,
        "reason": event.reason if event else None,
        "position": event.position if event else None,
        "unexpected": broken.get(node.id, []),
    }


def tell(nodes: Sequence[Told], chosen: Sequence[Told]) -> None:
    """Each event below its cause; then what is chosen."""
    rows = [
        {
            "what": "   " * node["depth"] + ("└ " if node["depth"] else "") + _what(node),
            "id": node["id"],
            **{n: node[n] for n in ("subject", "time", "actor", "channel", "reason", "position")},
            "unexpected": " ".join(node["unexpected"]),
        }
        for node in nodes
    ]
    table("What happened, and because of what?", rows)
    if chosen:
        table("What is chosen, and may it still be changed?", chosen)


def _what(node: Told) -> str:
    """Without the noun and the version, which go without saying."""
    if node["type"] is None:
        return "command"
    return str(node["type"]).partition(".")[2].rpartition(".")[0].replace("-", " ")
