"""What comes as CloudEvents, by whatever binding: facts, reports and commands, each answered."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, make_dataclass
from datetime import datetime
from itertools import groupby
from typing import Any, Literal

import msgspec
from pydantic import TypeAdapter, ValidationError

from consumers.doors import gate
from consumers.doors.commands import Command, CommandResult, Commands
from consumers.doors.deciders import DECIDERS, arguments_of, by_name
from consumers.doors.message import malformed, peek
from domain.errors import Malformed, Refusal
from domain.event import strict
from domain.subject import Subject
from domain.values import PURPOSES, Name, Purpose, Text, Time

STRUCTURED = "application/cloudevents+json"
JSON = "application/json"
MAX_BYTES = 8 << 20  # bytes of what is sent at once
Answer = gate.Answer | CommandResult

_raw = msgspec.json.Decoder(msgspec.Raw).decode


def to_structured(attributes: Mapping[str, str], data: bytes) -> bytes:
    """An event whose attributes came beside its data, in structured JSON. Raises Malformed."""
    try:
        # Taken apart first: what is put into another text must be one whole value.
        whole = _raw(data)
    except (msgspec.MsgspecError, RecursionError):
        raise Malformed("data: this is no JSON: send the event's data in UTF-8", "data") from None
    return msgspec.json.encode({**attributes, "datacontenttype": JSON, "data": whole})


def media_type(said: str) -> str:
    """A content type without its parameters."""
    return said.partition(";")[0].strip().lower()


def purposes_of(said: str) -> frozenset[Purpose]:
    """Purposes, by comma. Raises Malformed."""
    words = said.split(",") if said else []
    if unknown := set(words) - set(PURPOSES):
        raise Malformed(
            f"basis: {len(unknown)} of its words are no purposes: there are {', '.join(PURPOSES)}",
            "basis",
        )
    return frozenset(purpose for purpose in PURPOSES if purpose in words)


@strict
@dataclass(frozen=True, slots=True, kw_only=True)
class CommandMessage:
    """A command as a CloudEvent: its data are the arguments, its id and source are its identity.

    `time` says when it was sent. What is decided is decided now, whenever it was sent.
    """

    specversion: Literal["1.0"] = "1.0"
    id: Name
    source: Name
    type: Name
    subject: Name
    data: Any
    time: Time | None = None
    datacontenttype: str | None = None
    dataschema: str | None = None
    customerid: Name | None = None
    actor: Name | None = None
    channel: Name = "kafka"
    partitionkey: str | None = None
    reason: Text | None = None


COMMAND_TYPES = {
    f"{kind}.{name}.v1": (kind, name)
    for kind, decider in DECIDERS.items()
    for name in decider.decisions
}
"""The commands by their types."""


@functools.cache
def _adapter(type: str) -> TypeAdapter[CommandMessage]:
    data: Any = arguments_of(*COMMAND_TYPES[type])
    cls = make_dataclass(
        "CommandMessage", [("data", data)], bases=(CommandMessage,), frozen=True, kw_only=True
    )
    return TypeAdapter(strict(cls))


def parse_command(line: bytes, now: datetime) -> Command:
    """The command that a line of JSON of such a type holds. Raises Malformed."""
    type = peek(line)
    kind, name = COMMAND_TYPES[type]
    try:
        wish = _adapter(type).validate_json(line)
    except ValidationError as error:
        raise malformed(error) from None
    subject = Subject.parse(wish.subject)
    if subject.kind != kind:
        raise Malformed(f"subject: a command of this type is about {kind}/<id>", "subject")
    if subject.is_customer and wish.customerid not in (None, subject.id):
        raise Malformed("customerid: it is not the customer of the subject", "customerid")
    return Command(
        id=wish.id,
        source=wish.source,
        subject=wish.subject,
        name=name,
        arguments=by_name(wish.data),
        time=now,
        customer=wish.customerid,
        actor=wish.actor,
        channel=wish.channel,
        reason=wish.reason,
    )


@dataclass(frozen=True, slots=True)
class InboxMessage:
    """A CloudEvent in structured JSON, and the basis that its publisher names for it."""

    line: bytes
    basis: frozenset[Purpose] = field(default_factory=frozenset)


class Inbox:
    """The doors for whoever sends all kinds of messages through one opening."""

    def __init__(
        self, gates: Callable[[frozenset[Purpose]], gate.Gate], commands: Commands
    ) -> None:
        self._gates, self._commands = gates, commands

    def accept(self, messages: Sequence[InboxMessage], now: datetime) -> list[Answer]:
        """Each is answered for itself, in their order: a command finds what stands before it."""
        answers: list[Answer] = []
        for (command, basis), run in groupby(
            messages, lambda said: (peek(said.line) in COMMAND_TYPES, said.basis)
        ):
            lines = [said.line for said in run]
            if command:
                answers += [self._execute(line, now) for line in lines]
            else:
                answers += self._gates(basis).accept(lines, now)
        return answers

    def _execute(self, line: bytes, now: datetime) -> CommandResult | Refusal:
        try:
            return self._commands.execute(parse_command(line, now))
        except Refusal as refusal:
            return refusal
