"""The gate for facts and reports: parsed, its customer found or minted, and appended."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from functools import reduce
from typing import cast
from uuid import UUID

from consumers.doors.held_reports import HeldReports
from consumers.doors.message import Message, parse
from consumers.ports.keys import Owners
from consumers.ports.store import Appended, ReportHeld, Store, StreamAppend
from domain.customer.decide import grant_consent
from domain.customer.events import CustomerEvent
from domain.customer.state import Customer, evolve
from domain.errors import ConsentMissing, CustomerUnknown, Malformed, Refusal
from domain.event import TYPES, Event, event_id, purpose_of
from domain.subject import CUSTOMER, Subject, is_subject
from domain.values import Purpose

Answer = Appended | ReportHeld | Refusal
SOURCE = "/ordermade/gate"
_REMEMBERED = 50_000  # customers; then a gate starts anew, so that it does not grow for ever


class Gate:
    """Accepts batches of messages, each answered for itself.

    `basis` are the purposes for which a customer's data may be taken in: they are recorded as
    the customer's consent, except those that the customer has withdrawn.
    """

    def __init__(
        self, store: Store, owners: Owners, holding: HeldReports, basis: Collection[Purpose] = ()
    ) -> None:
        self._store, self._owners, self._holding = store, owners, holding
        self._basis = frozenset(basis)
        self._told: set[str] = set()  # customers of whom the basis is recorded, or was refused

    def accept(self, lines: Sequence[bytes], now: datetime) -> list[Answer]:
        answers: dict[int, Answer] = {}
        messages: dict[int, Message] = {}
        for i, line in enumerate(lines):
            try:
                messages[i] = parse(line)
            except Malformed as refusal:
                answers[i] = refusal
        names = {i: message.customer for i, message in messages.items()}
        customers, new = self._customers(messages, names)
        unnamed = {messages[i].subject for i, name in names.items() if name is None}
        opened = self._store.owners(unnamed) if unnamed else {}
        appends: dict[int, StreamAppend] = {}
        waits: list[int] = []
        for i, message in messages.items():
            if names[i] is None and _must_wait(message, opened):
                waits.append(i)
                continue
            try:
                event = message.event(_whose(message, names[i], customers, opened))
            except Refusal as refusal:
                answers[i] = refusal
            else:
                appends[i] = StreamAppend(event.stream, (event,))
        if self._basis:
            about = {a.owner for a in appends.values() if a.events[0].customerid}
            self._grant(about - self._told, new, now)
        answers |= zip(appends, self._store.append(list(appends.values())), strict=True)
        if waits:
            held = self._holding.hold([(messages[i], lines[i]) for i in waits], now)
            answers |= zip(waits, held, strict=True)
        new_streams = {
            append.stream
            for i, append in appends.items()
            if is_subject(append.stream)
            and isinstance(a := answers[i], Appended)
            and a.version == 1
        }
        if new_streams:
            self._holding.release(new_streams)
        return [answers[i] for i in range(len(lines))]

    def _customers(
        self, messages: Mapping[int, Message], names: Mapping[int, str | None]
    ) -> tuple[dict[str, str], set[str]]:
        """Customer ids by the names that the messages have for them, and those just minted.

        Some names may stay unknown.
        """
        said = {name for name in names.values() if name}
        told = said & self._told
        found = {owner: owner for owner in told}
        external = {name for name in said if ":" in name}
        found |= self._owners.find(external)
        found |= {owner: owner for owner in self._owners.purposes(said - told - external)}
        if not (unknown := external - found.keys()):
            return found, set()
        new = {i: messages[i] for i, name in names.items() if name in unknown}
        # What was said before mints nothing, nor does what could not be stored.
        known = self._store.stored_ids([m.event_id for m in new.values()])
        open_to = {cast(str, names[i]) for i, m in new.items() if self._may_open(m, known)}
        minted = self._owners.mint(open_to)
        return {**found, **minted}, set(minted.values())

    def _may_open(self, message: Message, known: set[UUID]) -> bool:
        purpose = purpose_of(message.type)
        return message.event_id not in known and (purpose is None or purpose in self._basis)

    def _grant(self, customers: set[str], new: Collection[str], now: datetime) -> None:
        """Records the basis as consent of those who have not given or withdrawn it."""
        if not customers:
            return
        appends = []
        for customer, purposes in self._owners.purposes(customers).items():
            if self._basis <= purposes:
                continue
            stream = str(Subject(CUSTOMER, customer))
            history = [] if customer in new else self._store.read_stream(stream)
            state = reduce(
                lambda state, r: evolve(state, cast(CustomerEvent, r.data), r.event.time),
                history,
                Customer(),
            )
            granted = grant_consent(
                state,
                purposes=sorted(self._basis - state.withdrawn),
                policy_version="basis of an import",
            )
            events = tuple(
                Event(
                    id=event_id(SOURCE, f"basis/{customer}/{len(history)}/{n}"),
                    source=SOURCE,
                    subject=stream,
                    time=now,
                    data=data,
                    customerid=customer,
                    actor=SOURCE,
                )
                for n, data in enumerate(granted)
            )
            if events:
                appends.append(StreamAppend(stream, events, len(history)))
        if appends:
            # A conflict means that the customer has just decided: their word holds.
            self._store.append(appends)
        # Only now: another thread that finds them here does not wait for their consent.
        if len(self._told) > _REMEMBERED:
            self._told = set()
        self._told |= customers


def _must_wait(message: Message, opened: Mapping[str, str]) -> bool:
    """Nobody knows whose it is, and an owner is fixed for ever."""
    return message.subject not in opened and not TYPES[message.type].opens


def _whose(
    message: Message,
    name: str | None,
    customers: Mapping[str, str],
    opened: Mapping[str, str],
) -> str | None:
    """Our id of the customer; None where the stream has none. Raises Refusal if nobody knows."""
    if name is None:
        owner = opened.get(message.subject)
        return None if owner == message.subject else owner
    customer = customers.get(name)
    if customer is None:
        if purpose := purpose_of(message.type):
            raise ConsentMissing(None, [purpose])
        raise CustomerUnknown("customerid: there is no such customer", "customerid")
    return customer
