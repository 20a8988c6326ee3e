"""What the views must show, computed only from the events that writers know to be stored."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from uuid import UUID, uuid5

# The id of an event is uuid5 of its source and its publisher's id (docs/events/README.md).
SOURCE = uuid5(UUID("5f0c2b53-7d0e-5a52-9d1c-6b7a3f3f7a11"), "/test")


@dataclass
class Expected:
    """Positions by event id; numbers of events and beliefs by customer; payments by order."""

    positions: dict[str, str] = field(default_factory=dict)
    events: Counter[str] = field(default_factory=Counter)
    beliefs: dict[str, dict[str, str]] = field(default_factory=dict)
    paid: Counter[str] = field(default_factory=Counter)


def read_notes(folder: Path) -> list[dict]:
    """The notes of all writers, one for each acknowledgement; an unfinished line is left out."""
    notes = []
    for file in sorted(folder.glob("notes-*")):
        whole = file.read_text().rpartition("\n")[0]
        notes += [json.loads(line) for line in whole.splitlines()]
    return notes


def expected(notes: Iterable[dict]) -> Expected:
    """The state that these acknowledgements lead to."""
    state = Expected()
    # In the order of the log, so that the newest belief is the last.
    for note in sorted(notes, key=lambda n: [[*map(int, p.split("."))] for p in n["positions"]]):
        own = uuid5(SOURCE, note["id"])
        if "order" in note:  # a command, whose events are numbered
            ids = {str(uuid5(own, str(n))): p for n, p in enumerate(note["positions"])}
            if not ids.keys() <= state.positions.keys():
                state.events["shop:0"] += len(ids)
            state.positions |= ids
            continue
        if state.positions.get(str(own)) == note["positions"][0]:
            continue  # several writers send the same event
        state.positions[str(own)] = note["positions"][0]
        message, data = note["message"], note["message"]["data"]
        kind, _, name = message["subject"].partition("/")
        if kind == "customer":
            state.events[name] += 1
            state.beliefs.setdefault(name, {})[data["attribute"]] = data["value"]
        else:
            state.events[message["customerid"]] += 1
            state.paid[name] += Decimal(data["amount"])
    return state
