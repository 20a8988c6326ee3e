"""The door for messages of all kinds: facts, reports and commands, each as a CloudEvent."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from typing import Any

import msgspec
from pydantic import TypeAdapter, ValidationError

from consumers.doors.command_types import CommandType, by_name, command_types
from consumers.doors.commands import Command, CommandResult, Commands
from consumers.doors.envelope import message_type
from consumers.doors.gate import Gate, GateAnswer
from consumers.doors.message import peek, to_malformed
from domain.errors import CustomerDiffers, Malformed, Refusal
from domain.subject import Subject
from domain.values import PURPOSES, Purpose

STRUCTURED = "application/cloudevents+json"
JSON = "application/json"
MAX_BYTES = 8 << 20  # of a request or a record
InboxAnswer = GateAnswer | CommandResult

_ATTRIBUTES = ("source", "subject", "customerid", "actor", "channel", "reason")
_decode_raw = msgspec.json.Decoder(msgspec.Raw).decode


def headers_by_name(headers: Iterable[tuple[str, str]]) -> dict[str, str]:
    """The headers of a message. Raises Malformed for a name that occurs twice."""
    values: dict[str, str] = {}
    for name, value in headers:
        if name in values:
            raise Malformed(f"{name}: the header occurs twice: send it once", name)
        values[name] = value
    return values


def to_structured(attributes: Mapping[str, str], data: bytes) -> bytes:
    """Return a message that was sent in binary mode in structured mode. Raises Malformed."""
    try:
        # Decoded first, so that the data cannot end its JSON value early and add attributes.
        value = _decode_raw(data)
    except (msgspec.MsgspecError, RecursionError):
        raise Malformed("data: this is no JSON: send the event's data in UTF-8", "data") from None
    return msgspec.json.encode({**attributes, "datacontenttype": JSON, "data": value})


def media_type(content_type: str) -> str:
    """Return a content type without its parameters, in lower case."""
    return content_type.partition(";")[0].strip().lower()


def purposes_of(text: str) -> frozenset[Purpose]:
    """Return the purposes in a text, where commas separate them. Raises Malformed."""
    words = text.split(",") if text else []
    if unknown := set(words) - set(PURPOSES):
        raise Malformed(
            f"basis: {len(unknown)} of its words are no purposes: there are {', '.join(PURPOSES)}",
            "basis",
        )
    return frozenset(purpose for purpose in PURPOSES if purpose in words)


@functools.cache
def _adapter(type: CommandType) -> TypeAdapter[dict[str, Any]]:
    """Return the decoder of a command as a CloudEvent: its data are the arguments."""
    message = message_type("CommandMessage", type.arguments, _ATTRIBUTES, optional=["time"])
    return TypeAdapter(message)


def parse_command(line: bytes, now: datetime) -> Command:
    """Return the command in a line of JSON whose type is one of `command_types`. Raises Malformed.

    It is decided at the time `now`, whatever time it says that it was sent at.
    """
    type = command_types()[peek(line)]
    try:
        message = _adapter(type).validate_json(line)
    except ValidationError as error:
        raise to_malformed(error) from None
    customer, subject = message.get("customerid"), Subject.parse(message["subject"])
    if subject.kind != type.kind:
        raise Malformed(f"subject: a command of this type is about {type.kind}/<id>", "subject")
    if subject.is_customer and customer not in (None, subject.id):
        raise CustomerDiffers("customerid: it is not the customer of the subject", "customerid")
    return Command(
        id=message["id"],
        source=message["source"],
        subject=message["subject"],
        name=type.name,
        arguments=by_name(message["data"]),
        version=type.version,
        time=now,
        customer=customer,
        actor=message.get("actor"),
        channel=message.get("channel") or "kafka",
        reason=message.get("reason"),
    )


@dataclass(frozen=True, slots=True)
class InboxMessage:
    """A CloudEvent in structured JSON, and the purposes on whose basis its data may be accepted."""

    line: bytes
    basis: frozenset[Purpose] = field(default_factory=frozenset)


class Inbox:
    """The door for mixed messages; `gates` returns the gate for a basis."""

    def __init__(self, gates: Callable[[frozenset[Purpose]], Gate], commands: Commands) -> None:
        self._gates, self._commands = gates, commands

    def accept(self, messages: Sequence[InboxMessage], now: datetime) -> list[InboxAnswer]:
        """Return the answer to each message. A command is decided after the messages before it."""
        answers: list[InboxAnswer] = []
        for (is_command, basis), run in groupby(
            messages, lambda message: (peek(message.line) in command_types(), message.basis)
        ):
            lines = [message.line for message in run]
            if is_command:
                answers += [self._execute(line, now) for line in lines]
            else:
                answers += self._gates(basis).accept(lines, now)
        return answers

    def _execute(self, line: bytes, now: datetime) -> CommandResult | Refusal:
        try:
            return self._commands.execute(parse_command(line, now))
        except Refusal as refusal:
            return refusal
