"""Stories: events in the order of cause and effect, across streams."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from projections.audit import AuditRow


@dataclass(frozen=True, slots=True)
class CausalNode:
    """An event below its cause, `depth` levels down.

    `event` is None for a cause that is not an event of the story, for instance a command.
    """

    depth: int
    id: UUID
    event: AuditRow | None


def story_of(rows: Iterable[AuditRow]) -> list[CausalNode]:
    """The nodes in reading order: each cause is followed by its effects, one level deeper.

    Effects of one cause are in the order in which they were recorded. Each event appears once,
    also where events name each other as causes.
    """
    events = {
        row.event_id: row
        for row in sorted(rows, key=lambda row: (row.recorded, row.position, row.number))
    }
    effects: defaultdict[UUID | None, list[UUID]] = defaultdict(list)
    for id, row in events.items():
        effects[row.cause].append(id)
    roots = [
        id if row.cause is None else row.cause
        for id, row in events.items()
        if row.cause not in events
    ]
    nodes: list[CausalNode] = []
    visited: set[UUID] = set()
    for root in (*roots, *events):
        stack = [(0, root)]
        while stack:
            depth, id = stack.pop()
            if id in visited:
                continue
            visited.add(id)
            nodes.append(CausalNode(depth, id, events.get(id)))
            stack += [(depth + 1, effect) for effect in reversed(effects[id])]
    return nodes
