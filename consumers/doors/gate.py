"""The gate: the door for facts and reports."""

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

GateAnswer = Appended | ReportHeld | Refusal
SOURCE = "/ordermade/gate"
_MAX_CACHED_CUSTOMERS = 50_000  # beyond that all are forgotten, so that memory stays bounded


class Gate:
    """Appends batches of messages to the store; one refusal does not affect other messages.

    `basis` are the purposes that data may be accepted for. They are recorded as the consent of each
    customer of the batch, except those that the customer has withdrawn.
    """

    def __init__(
        self,
        store: Store,
        owners: Owners,
        held_reports: HeldReports,
        basis: Collection[Purpose] = (),
    ) -> None:
        self._store, self._owners, self._held_reports = store, owners, held_reports
        self._basis = frozenset(basis)
        self._basis_recorded_for: set[str] = set()

    def accept(self, lines: Sequence[bytes], now: datetime) -> list[GateAnswer]:
        """Return the answer to each message, given as a line of JSON, in their order."""
        answers: dict[int, GateAnswer] = {}
        messages: dict[int, Message] = {}
        for i, line in enumerate(lines):
            try:
                messages[i] = parse(line)
            except Malformed as refusal:
                answers[i] = refusal
        customers, new = self._customers(list(messages.values()))
        anonymous = {m.subject for m in messages.values() if m.customer is None}
        owners = self._store.owners(anonymous) if anonymous else {}
        appends: dict[int, StreamAppend] = {}
        unopened: list[int] = []
        for i, message in messages.items():
            if _lacks_owner(message, owners):
                unopened.append(i)
                continue
            try:
                event = message.event(_customer_id(message, customers, owners))
            except Refusal as refusal:
                answers[i] = refusal
            else:
                appends[i] = StreamAppend(event.stream, (event,))
        if self._basis:
            batch = {a.owner for a in appends.values() if a.events[0].customerid}
            self._grant(batch - self._basis_recorded_for, new, now)
        answers |= zip(appends, self._store.append(list(appends.values())), strict=True)
        if unopened:
            held = self._held_reports.hold([(messages[i], lines[i]) for i in unopened], now)
            answers |= zip(unopened, held, strict=True)
        opened = {
            append.stream
            for i, append in appends.items()
            if is_subject(append.stream)
            and isinstance(a := answers[i], Appended)
            and a.version == 1
        }
        if opened:
            self._held_reports.release(opened)
        return [answers[i] for i in range(len(lines))]

    def _customers(self, messages: Sequence[Message]) -> tuple[dict[str, str], set[str]]:
        """Return our ids of customers by the names in the messages, and which ids are new.

        A name may be an id of ours. Names that nobody is known by, and that no message may open an
        account for, are left out.
        """
        names = {m.customer for m in messages if m.customer}
        cached_ids = names & self._basis_recorded_for
        ids = {id: id for id in cached_ids}
        external = {name for name in names if ":" in name}
        ids |= self._owners.find(external)
        ids |= {id: id for id in self._owners.purposes(names - cached_ids - external)}
        if not (unknown := external - ids.keys()):
            return ids, set()
        first = [m for m in messages if m.customer in unknown]
        stored = self._store.stored_ids([m.event_id for m in first])
        new_ids = self._owners.mint(
            {cast(str, m.customer) for m in first if self._may_mint(m, stored)}
        )
        return {**ids, **new_ids}, set(new_ids.values())

    def _may_mint(self, message: Message, stored: set[UUID]) -> bool:
        """Whether a message of an unknown customer is new and would be accepted."""
        purpose = purpose_of(message.type)
        return message.event_id not in stored and (purpose is None or purpose in self._basis)

    def _grant(self, customers: set[str], new: Collection[str], now: datetime) -> None:
        """Record consent to those purposes of the basis that a customer has not decided on."""
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
            # A conflict means that the customer has decided meanwhile; that decision stands.
            self._store.append(appends)
        # Only after the append: another thread that finds them here does not wait for it.
        if len(self._basis_recorded_for) > _MAX_CACHED_CUSTOMERS:
            self._basis_recorded_for = set()
        self._basis_recorded_for |= customers


def _lacks_owner(message: Message, owners: Mapping[str, str]) -> bool:
    """Whether a report names no customer and its stream is not open: its owner is not known yet."""
    return (
        message.customer is None and message.subject not in owners and not TYPES[message.type].opens
    )


def _customer_id(
    message: Message, customers: Mapping[str, str], owners: Mapping[str, str]
) -> str | None:
    """Return our id of a message's customer, or None if its stream has none. Raises Refusal."""
    if message.customer is None:
        owner = owners.get(message.subject)
        return None if owner == message.subject else owner
    customer = customers.get(message.customer)
    if customer is None:
        if purpose := purpose_of(message.type):
            raise ConsentMissing(None, [purpose])
        raise CustomerUnknown(
            "customerid: there is no such customer, name an existing one", "customerid"
        )
    return customer
