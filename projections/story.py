"""A story: events in the order of what caused what, across streams."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from projections.audit import AuditRow


@dataclass(frozen=True, slots=True)
class Node:
    """An event, or what no event is known by: a command, say. It stands below its cause."""

    depth: int
    id: UUID
    event: AuditRow | None


def tree(rows: Iterable[AuditRow]) -> list[Node]:
    """Causes before effects, each effect one deeper; what has the same cause in recorded order.

    Each event is told once, even of those that name each other as causes.
    """
    events = {
        row.event_id: row
        for row in sorted(rows, key=lambda row: (row.recorded, row.position, row.number))
    }
    effects: defaultdict[UUID | None, list[UUID]] = defaultdict(list)
    for id, row in events.items():
        effects[row.cause].append(id)
    starts = [
        id if row.cause is None else row.cause
        for id, row in events.items()
        if row.cause not in events
    ]
    nodes: list[Node] = []
    told: set[UUID] = set()
    for start in (*starts, *events):
        ahead = [(0, start)]
        while ahead:
            depth, id = ahead.pop()
            if id in told:
                continue
            told.add(id)
            nodes.append(Node(depth, id, events.get(id)))
            ahead += [(depth + 1, effect) for effect in reversed(effects[id])]
    return nodes
