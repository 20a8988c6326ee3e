"""Every digest that is stored, of input that is committed beside it: `digests/`.

`events/` and `commands/` have a file for each type: with every field filled (`full`), and with the
required ones alone (`required`). They are only added, by `python -m tests.golden`.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
from pydantic import TypeAdapter

from consumers.doors.command_types import command_types, parse_arguments
from consumers.doors.commands import Command
from consumers.movers.relay import next_chain
from domain.book.book import Book
from domain.event import TYPES, Data, Event, event_id, recorded_id
from domain.order.state import Order, configuration, evolve
from infra import codec, schemas
from infra.keys import Secrets
from tests.golden import FOLDER, key
from tests.golden.sample import sample

DIGESTS = FOLDER / "digests"
REASON = "weil – 因为"
TIME = datetime(2026, 3, 1, 12, 0, 0, 250, tzinfo=UTC)

Json = dict[str, Any]


def read(name: str) -> Json:
    return json.loads((DIGESTS / f"{name}.json").read_bytes())


def event_of(name: str, data: Json, *, full: bool) -> Event[Data]:
    """An event of a type, with all of its attributes or with the required ones."""
    attributes = {
        "customerid": "golden", "actor": "shop:ann", "onbehalfof": "shop:bob", "channel": "phone",
        "correlationid": "correlation", "causationid": "causation", "consentref": "consent",
        "reason": REASON,
    }  # fmt: skip
    return Event(
        id=event_id("/golden", f"{name}/digest"),
        source="/golden",
        subject=f"{name.partition('.')[0]}/golden",
        time=TIME,
        data=TypeAdapter(TYPES[name].cls).validate_json(json.dumps(data)),
        **(attributes if full else {}),
    )


def event_digest(event: Event[Data]) -> str:
    """What the store compares a repeated event by."""
    return key().digest(codec.encode(event, key())[1]).hex()


def command_of(name: str, arguments: Json, *, full: bool) -> Command:
    """A command of a type, with all of its attributes or the required ones."""
    type = command_types()[wire_name(name)]
    attributes = {"customer": "crm:golden", "actor": "shop:ann", "reason": REASON}
    return Command(
        id="golden", source="/golden", subject=f"{type.kind}/golden", name=type.name, time=TIME,
        arguments=parse_arguments(
            type.kind, type.name, json.dumps(arguments).encode(), type.version
        ),
        version=type.version,
        **(attributes if full else {}),
    )  # fmt: skip


def wire_name(name: str) -> str:
    """The wire name of a command from the name of its file, which leaves out the first version."""
    return name if name in command_types() else f"{name}.v1"


def command_digest(command: Command) -> str:
    """What the store compares a repeated command by."""
    return key().digest(command.contents).hex()


def configuration_digest(events: list[tuple[str, Json]]) -> str:
    """What a quote records of an order with these events."""
    order = Order()
    for name, data in events:
        decoded = TypeAdapter(TYPES[name].cls).validate_json(json.dumps(data))
        order = evolve(order, decoded, TIME)
    return key().digest(configuration(order)).hex()


def book_of(document: Json) -> Book:
    return msgspec.json.decode(json.dumps(document), type=Book)


def secrets_of(index: str) -> Secrets:
    return Secrets(master="m1", masters={}, index=bytes.fromhex(index), passwords={})


def chain_of(envelopes: list[str]) -> list[str]:
    """The chain after each of the envelopes."""
    chain, chains = b"", []
    for envelope in envelopes:
        chain = next_chain(chain, envelope.encode())
        chains.append(chain.hex())
    return chains


def id_of(document: Json) -> str:
    """The id of an event, by its publisher's id or by the command that records it."""
    if "command" in document:
        return str(recorded_id(UUID(document["command"]), document["n"]))
    return str(event_id(document["source"], document["id"]))


def add() -> list[Path]:
    """Fix the digests of event types and commands that have none."""
    new = []
    for name in TYPES:
        file, schema = DIGESTS / "events" / f"{name}.json", schemas.schema_of(name)
        if not file.exists():
            new.append(_write(file, _event(name, "full", sample(schema)),
                              _event(name, "required", required(schema))))  # fmt: skip
    for type in command_types().values():
        name = type.wire_name.removesuffix(".v1")
        file = DIGESTS / "commands" / f"{name}.json"
        schema = schemas.command_schema_of(type)
        if not file.exists():
            new.append(_write(file, _command(name, "full", sample(schema)),
                              _command(name, "required", required(schema))))  # fmt: skip
    return new


def required(schema: Json, defs: Json | None = None, at: str = "it") -> Any:
    """An example of a schema with the required fields alone, at every depth."""
    defs = schema.get("$defs", {}) if defs is None else defs
    if "$ref" in schema:
        return required(defs[schema["$ref"].removeprefix("#/$defs/")], defs, at)
    match schema.get("type"):
        case "object":
            fields = schema.get("properties", {}).items()
            return {k: required(v, defs, k) for k, v in fields if k in schema.get("required", [])}
        case "array":
            return [required(schema["items"], defs, at)] * schema.get("minItems", 1)
    return sample(schema, defs, at)


def _event(name: str, case: str, data: Json) -> Json:
    return {case: {"data": data, "digest": event_digest(event_of(name, data, full=case == "full"))}}


def _command(name: str, case: str, arguments: Json) -> Json:
    command = command_of(name, arguments, full=case == "full")
    return {case: {"arguments": arguments, "digest": command_digest(command)}}


def _write(file: Path, full: Json, required: Json) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps({**full, **required}, indent=1, ensure_ascii=False)
    file.write_text(text + "\n", encoding="utf-8")
    return file
