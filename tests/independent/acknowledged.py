"""What views must say, reckoned from nothing but what writers were told is stored."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from uuid import UUID, uuid5

# Our id of an event is uuid5 of its source and its publisher's id (docs/events/README.md).
SOURCE = uuid5(UUID("5f0c2b53-7d0e-5a52-9d1c-6b7a3f3f7a11"), "/test")


@dataclass
class Reckoned:
    """`positions` by event id; beliefs and payments by the customer's and the order's name."""

    positions: dict[str, str] = field(default_factory=dict)
    events: Counter[str] = field(default_factory=Counter)
    beliefs: dict[str, dict[str, str]] = field(default_factory=dict)
    paid: Counter[str] = field(default_factory=Counter)


def noted(folder: Path) -> list[dict]:
    """What every writer noted so far; half a line is being written."""
    found = []
    for file in sorted(folder.glob("said-*")):
        whole = file.read_text().rpartition("\n")[0]
        found += [json.loads(line) for line in whole.splitlines()]
    return found


def reckon(notes: Iterable[dict]) -> Reckoned:
    made = Reckoned()
    # The newest word is the one that has the last place.
    for note in sorted(notes, key=lambda n: [[*map(int, p.split("."))] for p in n["positions"]]):
        own = uuid5(SOURCE, note["id"])
        if "order" in note:  # a command, whose events are numbered
            ids = {str(uuid5(own, str(n))): p for n, p in enumerate(note["positions"])}
            made.events["shop:0"] += 0 if ids.keys() <= made.positions.keys() else len(ids)
            made.positions |= ids
            continue
        if made.positions.get(str(own)) == note["positions"][0]:
            continue  # several writers said it
        made.positions[str(own)] = note["positions"][0]
        said, data = note["said"], note["said"]["data"]
        kind, _, name = said["subject"].partition("/")
        if kind == "customer":
            made.events[name] += 1
            made.beliefs.setdefault(name, {})[data["attribute"]] = data["value"]
        else:
            made.events[said["customerid"]] += 1
            made.paid[name] += Decimal(data["amount"])
    return made
