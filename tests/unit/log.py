"""A log in memory for tests of folds and figures."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta

from domain.event import Event, Position, Recorded, event_id
from projections import discover
from projections import figures as all_figures

T0 = datetime(2026, 3, 2, 8, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
CHOICE = {"origin": "direct", "choice_space": "closed", "target": "product",
          "stage": "pre_manufacture"}  # fmt: skip
_numbers = itertools.count(1)


def recorded(subject, data, at=T0, customer=None, id=None, **more):
    """A recorded event; the next number, and the customer of its subject if it is about one."""
    number = next(_numbers)
    noun, _, name = subject.partition("/")
    event = Event(
        id=id or event_id("/t", f"e{number}"), source="/t", subject=subject, time=at, data=data,
        customerid=name if noun == "customer" else customer, **more,
    )  # fmt: skip
    return Recorded(event, Position(1, 0, number), 1, at)


def fold(view, events):
    return discover()[view].fold(events)


def figures(view, events, now=T0):
    definition = all_figures.definition_of(view)
    rows = [row for read in definition.reads for row in fold(read, events).values()]
    return definition.figures(rows, now)
