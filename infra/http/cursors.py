"""Cursors: what a write gives, and what a reader says."""

from __future__ import annotations

from collections.abc import Iterable

from domain.errors import Malformed
from domain.event import Cursor, Position
from infra.deployment import Deployment


def seen(deployment: Deployment, stored: Iterable[Position]) -> str | None:
    """The cursor of who has seen these events and nothing else; None where there are none."""
    incarnation, numbers = 0, [0] * (deployment.store.partitions + 1)
    for position in stored:
        numbers[position.partition] = max(numbers[position.partition], position.number)
        incarnation = max(incarnation, position.incarnation)
    return str(Cursor(incarnation, tuple(numbers))) if incarnation else None


def parse(said: str, field: str) -> Cursor:
    """Raises Malformed for what is no cursor."""
    try:
        cursor = Cursor.parse(said)
    except ValueError:
        cursor = Cursor(0, (-1,))
    if min(cursor.numbers) < 0:
        raise Malformed(f"{field}: this is no cursor: send one as it was given", field)
    return cursor
