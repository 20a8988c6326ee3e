"""Commands: a stream is read, a decision is asked, and what it says is appended, once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from consumers.doors.books import StoredBooks
from consumers.doors.deciders import (
    DECIDERS,
    CommandUnknown,
    Decider,
    digested_arguments,
    parameters,
)
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
"""How often a decision is taken anew because the stream has moved on meanwhile."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A wish, under the sender's own id: sent again, it is the same wish.

    `customer` is `namespace:id` or our id; it says whose a new stream is, and whose stream a
    subject of `customer/` means.
    """

    id: str
    source: str
    subject: str
    name: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    time: datetime
    customer: str | None = None
    actor: str | None = None
    channel: str | None = None
    reason: str | None = None

    @property
    def contents(self) -> bytes:
        """What is digested to tell a repetition from another command under the same id."""
        kind = self.subject.partition("/")[0]
        arguments = digested_arguments(kind, self.name, self.arguments)
        return canonical_bytes(
            [self.subject, self.name, arguments, self.customer, self.actor, self.reason]
        )


@dataclass(frozen=True, slots=True)
class CommandResult:
    """What a command recorded; nothing where all was so already."""

    events: tuple[Recorded[Data], ...] = ()
    duplicate: bool = False


class Commands:
    """The door for decisions."""

    def __init__(
        self,
        store: Store,
        owners: Owners,
        holding: HeldReports,
        interpreting: FreeTextReader = BY_RULES,
        books: Books | None = None,
    ) -> None:
        self._store, self._owners, self._holding = store, owners, holding
        self._interpreting = interpreting
        self._books = books or StoredBooks(store)

    def execute(self, command: Command) -> CommandResult:
        """Decides and records. Raises Refusal; a refusal is not recorded and costs nothing."""
        subject = Subject.parse(command.subject)
        decider = DECIDERS.get(subject.kind)
        if decider is None or command.name not in decider.decisions:
            raise CommandUnknown(subject.kind, command.name)
        if command.customer and not decider.of_customers:
            raise Malformed(
                "customer: a catalogue belongs to no customer: leave it out", "customer"
            )
        whose = self._customer(
            subject.id if subject.is_customer else command.customer, command.name
        )
        stream = command.subject
        if whose and subject.is_customer:
            stream = str(Subject(CUSTOMER, whose))
        first = event_id(command.source, command.id)
        for _ in range(_TRIES):
            history = self._store.read_stream(stream)
            said = tuple(r for r in history if r.event.causationid == str(first))
            if said:
                self._append(stream, [r.event for r in said], None, command)
                return CommandResult(said, duplicate=True)
            owner = history[0].event.customerid if history else whose
            decided = self._decide(decider, command, history, owner or stream)
            if not decided:
                return CommandResult()
            if history and whose and owner != whose:
                raise CustomerDiffers(
                    "customer: the stream belongs to another customer", "customer"
                )
            events = _events(decided, command, stream, owner, first)
            try:
                self._append(stream, events, len(history), command)
            except VersionConflict:
                continue
            if not history:
                self._holding.release({stream})
            return CommandResult(
                tuple(self._store.read_stream(stream)[len(history) :][: len(events)])
            )
        raise StreamBusy(stream)

    def _decide(
        self, decider: Decider, command: Command, history: Sequence[Recorded[Data]], owner: str
    ) -> Sequence[Data]:
        state = decider.fold(history)
        arguments = dict(command.arguments)
        subject = Subject.parse(command.subject)
        wanted = parameters(subject.kind, command.name)
        given = {"now": command.time, "actor": command.actor, "named": subject.id}
        arguments |= {p: given[p] for p in wanted if p in given}
        if "configuration_hash" in wanted and decider.configuration:
            said = decider.configuration(state)
            arguments["configuration_hash"] = self._owners.digest(owner, said)
        design = self._design(arguments.get("from_design"), owner)
        begun = arguments.get("book") or (design and design.book)
        named = decider.book(state) or (begun and (begun, None))
        for p, hint in wanted.items():
            if hint == Design | None:
                arguments[p] = design
            elif hint == Book | None:
                arguments[p] = (
                    self._books.bound(named[0], named[1], command.time) if named else None
                )
        if "interpretation" in wanted:
            arguments |= self._reading(state, arguments)
        return decider.decisions[command.name](state, **arguments)

    def _reading(self, state: Order, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """What the interpreter says, unless a person does."""
        sure_from, book = self._interpreting.sure_from, arguments["book"]
        if arguments.get("operations") is not None:
            return {"interpretation": None, "sure_from": sure_from}
        phrases = book.phrases if book else ()
        reading = self._interpreting.read(state, arguments["instruction_id"], phrases)
        return {"interpretation": reading, "sure_from": sure_from}

    def _design(self, name: str | None, owner: str) -> Design | None:
        """The design that an order is drafted from, if it is the same customer's."""
        if name is None:
            return None
        stream = str(Subject("design", name))
        history = self._store.read_stream(stream)
        if not history:
            raise Malformed(f"there is no design {name}: start one", "from_design")
        if history[0].owner not in (owner, stream):
            raise Malformed(
                "from_design: the design is a customer's: draft the order for the same one",
                "from_design",
            )
        design: Design = DECIDERS["design"].fold(history)
        return design

    def _customer(self, said: str | None, name: str) -> str | None:
        if said is None or ":" not in said:
            return said
        if name == "grant-consent":
            return self._owners.mint([said])[said]
        found = self._owners.find([said])
        if said not in found:
            # Nobody of this name has consented to anything, and asking mints nothing.
            raise ConsentMissing(None, ["fulfil"])
        return found[said]

    def _append(
        self, stream: str, events: Sequence[Event[Data]], expected: int | None, command: Command
    ) -> None:
        [answer] = self._store.append(
            [StreamAppend(stream, tuple(events), expected, command.contents)]
        )
        if isinstance(answer, Refusal):
            raise answer


def _events(
    decided: Sequence[Data], command: Command, stream: str, customer: str | None, first: UUID
) -> list[Event[Data]]:
    """The decided data as events, their ids derived from the command's."""
    template = Event(
        id=first,
        source=command.source,
        subject=stream,
        time=command.time,
        data=decided[0],
        customerid=customer,
        actor=command.actor,
        channel=command.channel,
        causationid=str(first),
        reason=command.reason,
    )
    return [
        msgspec.structs.replace(template, id=recorded_id(first, n), data=data)
        for n, data in enumerate(decided)
    ]
