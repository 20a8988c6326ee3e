"""Adds the golden files that are missing: of events, commands, quotes, price engines and digests.

No file that is there is changed.
"""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from consumers.doors.command_types import command_types
from domain.event import TYPES, Event, Position, event_id
from infra import codec, schemas
from tests.golden import (
    COMMANDS,
    FOLDER,
    SUMS,
    Golden,
    committed,
    digests,
    engines,
    goldens,
    key,
    quotes,
    sums,
)
from tests.golden.compat import breaking, whole
from tests.golden.sample import sample

_TIME = datetime(2026, 3, 1, 12, 0, 0, 250, tzinfo=UTC)


def add(folder: Path = FOLDER) -> list[str]:
    """Return the paths of the new files. Raises ValueError if a type has changed incompatibly."""
    for name in TYPES:
        schema = schemas.schema_of(name)
        past = [g for g in goldens(folder) if g.name == name]
        if broken := sorted({b for g in past for b in breaking(g.schema, schema)}):
            raise ValueError(f"{name} has changed: make a new version of it. {'; '.join(broken)}")
        if not past or whole(past[-1].schema) != whole(schema):
            _add(Golden(folder, name, len(past) + 1), schema)
    return record_sums(folder)


def add_commands(folder: Path = COMMANDS) -> None:
    """Add an example of each version of a command, and its schema where that accepts more now.

    Raises ValueError where a version no longer accepts what it accepted.
    """
    for name, type in command_types().items():
        schema = schemas.command_schema_of(type)
        past = [g for g in goldens(folder) if g.name == name]
        if broken := sorted({b for g in past for b in breaking(g.schema, schema)}):
            raise ValueError(
                f"{name} has changed: make a new version of the command. {'; '.join(broken)}"
            )
        if not past or whole(past[-1].schema) != whole(schema):
            golden = Golden(folder, name, len(past) + 1)
            _write(golden, {".value.json": sample(schema), ".schema.json": schema})


def record_sums(folder: Path = FOLDER) -> list[str]:
    """Write the checksums of the files that have none yet; their paths."""
    new = {path: digest for path, digest in sums(folder).items() if path not in committed(folder)}
    with (folder / SUMS.name).open("a", encoding="utf-8") as lines:
        lines.writelines(f"{digest}  {path}\n" for path, digest in new.items())
    return list(new)


def _add(golden: Golden, schema: dict[str, Any]) -> None:
    name = golden.name
    value = {"data": sample(schema), "reason": f"{name}: weil – 因为"}
    event = Event(
        id=event_id("/golden", f"{name}/{golden.number}"),
        source="/golden",
        subject=f"{name.partition('.')[0]}/golden",
        time=_TIME,
        data=TypeAdapter(TYPES[name].cls).validate_json(json.dumps(value["data"])),
        customerid="golden",
        actor="shop:ann",
        onbehalfof="shop:bob",
        channel="phone",
        correlationid="correlation",
        causationid="causation",
        consentref="consent",
        reason=value["reason"],
    )
    stored = codec.with_position(
        codec.encode(event, key(golden.folder))[0], Position(1, 3, 42), _TIME, 1
    )
    _write(golden, {".json": stored, ".value.json": value, ".schema.json": schema})


def _write(golden: Golden, contents: dict[str, Any]) -> None:
    """Write new files: bytes as they are, and documents as JSON."""
    golden.file(".json").parent.mkdir(parents=True, exist_ok=True)
    for suffix, content in contents.items():
        with golden.file(suffix).open("xb") as file:  # x: an existing file is never written again
            file.write(content if isinstance(content, bytes) else schemas.text(content).encode())


if __name__ == "__main__":
    try:
        quotes.add()
        engines.add()
        add_commands()
        digests.add()
        sys.stdout.writelines(f"{path}\n" for path in add())
    except ValueError as error:
        sys.exit(str(error))
