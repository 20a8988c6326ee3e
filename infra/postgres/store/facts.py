"""Small batches of facts, appended by one call of the function `store.append_facts`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

import psycopg

from consumers.ports.store import Appended
from domain.event import Position
from infra.postgres.store.arrays import byteas, int4s, texts, times, uuids
from infra.postgres.store.positioning import COPY_FROM
from infra.postgres.store.prepared import PreparedAppend

_APPEND = "SELECT * FROM store.append_facts(%b, %b, %b, %b, %b, %b, %b, %b, %b)"


def append_facts(
    db: psycopg.Connection, batch: Sequence[PreparedAppend], now: Callable[[], datetime]
) -> list[Appended] | None:
    """The answers to a batch, in one transaction.

    Stores nothing and returns None where `positioning` must check more: the batch is large or not
    of single facts, or an owner is locked or lacks consent, or an id exists.
    """
    if len(batch) >= COPY_FROM or not all(fact.is_single_fact for fact in batch):
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
    rows = db.cursor(binary=True).execute(_APPEND, values, prepare=True).fetchall()
    if not rows:
        return None
    stored = {id: (incarnation, number, recorded) for id, incarnation, number, recorded in rows}
    answers = []
    for fact, event in zip(batch, events, strict=True):
        incarnation, number, recorded = stored[event.id]
        position = Position(incarnation, fact.partition, number)
        answers.append(Appended((position,), 1, recorded))
    return answers
