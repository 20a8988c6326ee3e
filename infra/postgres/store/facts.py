"""Appends of few facts, each a stream of its own, in one call: migrations/0005_append_facts.sql."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

import psycopg

from consumers.ports.store import Appended
from domain.event import Position
from infra.postgres.store.arrays import byteas, int4s, texts, times, uuids
from infra.postgres.store.positioning import COPY_FROM, PreparedAppend

_FACTS = "SELECT * FROM store.append_facts(%b, %b, %b, %b, %b, %b, %b, %b, %b)"


def append(
    db: psycopg.Connection, batch: Sequence[PreparedAppend], now: Callable[[], datetime]
) -> list[Appended] | None:
    """One transaction in one call; None, and nothing is stored, where one needs a closer look."""
    if len(batch) >= COPY_FROM or not all(fact.lone for fact in batch):
        return None
    events = [fact.events[0] for fact in batch]
    seals = [fact.seals()[0] for fact in batch]
    values = [
        now(),
        texts(fact.owner for fact in batch),
        int4s(fact.partition for fact in batch),
        texts(next(iter(fact.needs), None) for fact in batch),
        uuids(event.id for event in events),
        texts(event.type for event in events),
        times(event.time for event in events),
        byteas(digest for _, digest in seals),
        byteas(envelope[:-1] for envelope, _ in seals),
    ]
    rows = db.cursor(binary=True).execute(_FACTS, values, prepare=True).fetchall()
    given = {id: (made, number, recorded) for id, made, number, recorded in rows}
    answers = []
    for fact, event in zip(batch, events if rows else (), strict=False):
        made, number, recorded = given[event.id]
        answers.append(Appended((Position(made, fact.partition, number),), 1, recorded))
    return answers or None
