"""Cursors in requests and answers."""

from __future__ import annotations

from collections.abc import Iterable

from domain.errors import Malformed
from domain.event import Cursor, Position
from infra.deployment import Deployment


def after(deployment: Deployment, positions: Iterable[Position]) -> str | None:
    """The smallest cursor that contains the positions, as text; None if there are no positions."""
    incarnation, numbers = 0, [0] * (deployment.store.partitions + 1)
    for position in positions:
        numbers[position.partition] = max(numbers[position.partition], position.number)
        incarnation = max(incarnation, position.incarnation)
    return str(Cursor(incarnation, tuple(numbers))) if incarnation else None


def parse(text: str, field: str) -> Cursor:
    """The cursor of a request's field. Raises Malformed."""
    try:
        cursor = Cursor.parse(text)
    except ValueError:
        cursor = None
    if cursor is None or min(cursor.numbers) < 0:
        raise Malformed(f"{field}: this is no cursor: send one as an answer gave it", field)
    return cursor
