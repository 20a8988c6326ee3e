"""Commands: a stream is read, a decision is taken, and its events are appended once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from consumers.doors.books import StoredBooks
from consumers.doors.command_types import CommandType, command_type, newest_arguments
from consumers.doors.deciders import DECIDERS, Decider, parameters
from consumers.doors.free_text_reader import BY_RULES, FreeTextReader
from consumers.doors.held_reports import HeldReports
from consumers.ports.keys import Owners
from consumers.ports.store import Books, Store, StreamAppend
from domain.book.book import Book
from domain.canonical import canonical_bytes
from domain.design.state import Design
from domain.errors import (
    ConsentMissing,
    CustomerDiffers,
    Malformed,
    Refusal,
    StreamBusy,
    VersionConflict,
)
from domain.event import Data, Event, Recorded, event_id, recorded_id
from domain.order.state import Order
from domain.subject import CUSTOMER, Subject

_TRIES = 20
"""How often a command is decided again because its stream has changed meanwhile."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A request to decide something on a stream. Repeated under its id it is the same command.

    `customer` owns a new stream: `namespace:id`, or our id. `version` is that of the arguments;
    None stands for the newest.
    """

    id: str
    source: str
    subject: str
    name: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    version: int | None = None
    time: datetime
    customer: str | None = None
    actor: str | None = None
    channel: str | None = None
    reason: str | None = None

    @property
    def type(self) -> CommandType:
        """The version of the command that was sent. Raises CommandUnknown."""
        return command_type(Subject.parse(self.subject).kind, self.name, self.version)

    @property
    def contents(self) -> bytes:
        """What is digested to tell a repetition from another command under the same id."""
        type = self.type
        name = self.name if type.version == 1 else f"{self.name}.v{type.version}"
        arguments = type.digested(self.arguments)
        return canonical_bytes(
            [self.subject, name, arguments, self.customer, self.actor, self.reason]
        )


@dataclass(frozen=True, slots=True)
class CommandResult:
    """The events that a command recorded; none if nothing had to change.

    A `duplicate` was sent before, and these are the events that it recorded then.
    """

    events: tuple[Recorded[Data], ...] = ()
    duplicate: bool = False


class Commands:
    """The door for commands: reads a stream, asks a decision, and appends its events once."""

    def __init__(
        self,
        store: Store,
        owners: Owners,
        held_reports: HeldReports,
        reader: FreeTextReader = BY_RULES,
        books: Books | None = None,
    ) -> None:
        self._store, self._owners, self._held_reports = store, owners, held_reports
        self._reader = reader
        self._books = books or StoredBooks(store)

    def execute(self, command: Command) -> CommandResult:
        """Decide and record. Raises Refusal; then nothing was recorded."""
        arguments = newest_arguments(command.type, command.arguments)
        subject = Subject.parse(command.subject)
        decider = DECIDERS[subject.kind]
        if command.customer and not decider.may_belong_to_customer:
            raise Malformed(
                "customer: a catalogue belongs to no customer: leave it out", "customer"
            )
        customer = self._customer(
            subject.id if subject.is_customer else command.customer, command.name
        )
        stream = command.subject
        if customer and subject.is_customer:
            stream = str(Subject(CUSTOMER, customer))
        id = event_id(command.source, command.id)
        for _ in range(_TRIES):
            history = self._store.read_stream(stream)
            if recorded := tuple(r for r in history if r.event.causationid == str(id)):
                # Compares the digests: another command under this id is refused.
                self._append(stream, [r.event for r in recorded], None, command)
                return CommandResult(recorded, duplicate=True)
            owner = history[0].event.customerid if history else customer
            data = self._decide(decider, command, arguments, history, owner or stream)
            if not data:
                return CommandResult()
            if history and customer and owner != customer:
                raise CustomerDiffers(
                    "customer: the stream belongs to another customer", "customer"
                )
            events = _events(data, command, stream, owner, id)
            try:
                self._append(stream, events, len(history), command)
            except VersionConflict:
                continue
            if not history:
                self._held_reports.release({stream})
            new = self._store.read_stream(stream)[len(history) :]
            return CommandResult(tuple(new[: len(events)]))
        raise StreamBusy(stream)

    def _decide(
        self,
        decider: Decider,
        command: Command,
        arguments: Mapping[str, Any],
        history: Sequence[Recorded[Data]],
        owner: str,
    ) -> Sequence[Data]:
        """Call the decision with the state, the client's arguments, and those that we supply."""
        state = decider.fold(history)
        subject = Subject.parse(command.subject)
        hints = parameters(subject.kind, command.name)
        supplied = {"now": command.time, "actor": command.actor, "subject_id": subject.id}
        values = dict(arguments) | {p: supplied[p] for p in hints if p in supplied}
        if "configuration_hash" in hints and decider.configuration:
            configuration = decider.configuration(state)
            values["configuration_hash"] = self._owners.digest(owner, configuration)
        design = self._design(values.get("from_design"), owner)
        catalogue = values.get("book") or (design and design.book)
        version = decider.book(state) or (catalogue and (catalogue, None))
        for parameter, hint in hints.items():
            if hint == Design | None:
                values[parameter] = design
            elif hint == Book | None:
                values[parameter] = (
                    self._books.bound(version[0], version[1], command.time) if version else None
                )
        if "interpretation" in hints:
            values |= self._interpretation(state, values)
        return decider.decisions[command.name](state, **values)

    def _interpretation(self, state: Order, values: Mapping[str, Any]) -> dict[str, Any]:
        """Read an instruction with the interpreter, unless the command gives its operations."""
        book, interpretation = values["book"], None
        if values.get("operations") is None:
            phrases = book.phrases if book else ()
            interpretation = self._reader.read(state, values["instruction_id"], phrases)
        return {"interpretation": interpretation, "sure_from": self._reader.sure_from}

    def _design(self, name: str | None, owner: str) -> Design | None:
        """Load the design that an order is drafted from: nobody's, or of the same customer."""
        if name is None:
            return None
        stream = str(Subject("design", name))
        history = self._store.read_stream(stream)
        if not history:
            raise Malformed(f"there is no design {name}: start one", "from_design")
        if history[0].owner not in (owner, stream):
            raise Malformed(
                "from_design: the design belongs to a customer: draft the order for the same one",
                "from_design",
            )
        design: Design = DECIDERS["design"].fold(history)
        return design

    def _customer(self, name: str | None, command: str) -> str | None:
        """Return our id of a customer. Only the consent of a new customer makes an id."""
        if name is None or ":" not in name:
            return name
        if command == "grant-consent":
            return self._owners.mint([name])[name]
        customer = self._owners.find([name]).get(name)
        if customer is None:
            raise ConsentMissing(None, ["fulfil"])  # nobody of this name has consented to anything
        return customer

    def _append(
        self, stream: str, events: Sequence[Event[Data]], expected: int | None, command: Command
    ) -> None:
        [answer] = self._store.append(
            [StreamAppend(stream, tuple(events), expected, command.contents)]
        )
        if isinstance(answer, Refusal):
            raise answer


def _events(
    data: Sequence[Data], command: Command, stream: str, customer: str | None, id: UUID
) -> list[Event[Data]]:
    """Return the data of a command's events as events, with ids derived from the command's."""
    template = Event(
        id=id,
        source=command.source,
        subject=stream,
        time=command.time,
        data=data[0],
        customerid=customer,
        actor=command.actor,
        channel=command.channel,
        causationid=str(id),
        reason=command.reason,
    )
    return [
        msgspec.structs.replace(template, id=recorded_id(id, n), data=each)
        for n, each in enumerate(data)
    ]
