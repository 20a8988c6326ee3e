"""The gate for facts and reports: parsed, its customer found or minted, and appended."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import reduce
from typing import cast
from uuid import UUID

from consumers.doors.message import parse
from consumers.ports import Appended, Owners, Store, StreamAppend
from domain.customer.consent import Purpose, purpose_of
from domain.customer.decide import grant_consent
from domain.customer.events import CustomerEvent
from domain.customer.state import Customer, evolve
from domain.errors import ConsentMissing, Malformed, Refusal
from domain.event import Data, Event, event_id

Answer = Appended | Refusal
SOURCE = "/ordermade/gate"


class Gate:
    """Accepts batches of messages, each answered for itself.

    `basis` are the purposes for which a customer's data may be taken in: they are recorded as
    the customer's consent, except those that the customer has withdrawn.
    """

    def __init__(self, store: Store, owners: Owners, basis: Collection[Purpose] = ()) -> None:
        self._store, self._owners, self._basis = store, owners, frozenset(basis)

    def accept(self, lines: Sequence[bytes], now: datetime) -> list[Answer]:
        answers: dict[int, Answer] = {}
        events: dict[int, Event[Data]] = {}
        for i, line in enumerate(lines):
            try:
                events[i] = parse(line)
            except Malformed as refusal:
                answers[i] = refusal
        customers = self._customers(list(events.values()))
        subjects = {e.subject for e in events.values() if e.customerid is None}
        opened = self._store.owners(subjects) if subjects else {}
        appends: dict[int, StreamAppend] = {}
        for i, event in events.items():
            try:
                placed = _placed(event, customers, opened)
            except Refusal as refusal:
                answers[i] = refusal
            else:
                appends[i] = StreamAppend(placed.stream, (placed,))
        if self._basis:
            self._grant({e.customerid for a in appends.values() for e in a.events}, now)
        answers |= zip(appends, self._store.append(list(appends.values())), strict=True)
        return [answers[i] for i in range(len(lines))]

    def _customers(self, events: Sequence[Event[Data]]) -> dict[str, str]:
        """Customer ids by the names that the events have for them; some may stay unknown."""
        names = {e.customerid for e in events if e.customerid}
        external = {n for n in names if ":" in n}
        found = dict(self._owners.find(external)) | {
            owner: owner for owner in self._owners.purposes(names - external)
        }
        new = [e for e in events if e.customerid in external - set(found)]
        if new:
            # What was said before mints nothing, nor does what could not be stored.
            known = self._store.known([e.id for e in new])
            mint = {cast(str, e.customerid) for e in new if self._may_open(e, known)}
            found |= self._owners.mint(mint)
        return found

    def _may_open(self, event: Event[Data], known: set[UUID]) -> bool:
        purpose = purpose_of(event.type)
        return event.id not in known and (purpose is None or purpose in self._basis)

    def _grant(self, customers: Collection[str | None], now: datetime) -> None:
        """Records the basis as consent of those who have not given or withdrawn it."""
        have = self._owners.purposes([c for c in customers if c])
        appends = []
        for customer, purposes in have.items():
            if self._basis <= purposes:
                continue
            history = self._store.read_stream(f"customer/{customer}")
            said = [cast(CustomerEvent, recorded.data) for recorded in history]
            state = reduce(evolve, said, Customer())
            granted = grant_consent(
                state, purposes=self._basis - state.withdrawn, policy_version="basis of an import"
            )
            version = len(history)
            events = tuple(
                Event(
                    id=event_id(SOURCE, f"basis/{customer}/{version}/{n}"),
                    source=SOURCE,
                    subject=f"customer/{customer}",
                    time=now,
                    data=data,
                    customerid=customer,
                )
                for n, data in enumerate(granted)
            )
            if events:
                appends.append(StreamAppend(f"customer/{customer}", events, version))
        if appends:
            # A conflict means that the customer has just decided: their word holds.
            self._store.append(appends)


def _placed(
    event: Event[Data], customers: Mapping[str, str], opened: Mapping[str, str]
) -> Event[Data]:
    """The event under our id of its customer. Raises Refusal where there is none to be had."""
    if event.customerid is None:
        owner = opened.get(event.subject)
        if owner is None:
            raise Malformed(
                f"subject: {event.subject} is not open, so nobody knows whose it is: open it "
                "first, or name its customer in customerid",
                "subject",
            )
        return replace(event, customerid=None if owner == event.subject else owner)
    customer = customers.get(event.customerid)
    if customer is None:
        if purpose := purpose_of(event.type):
            raise ConsentMissing("of this name", [purpose])
        raise Malformed("customerid: there is no such customer", "customerid")
    subject = event.subject
    if subject.startswith("customer/"):
        subject = f"customer/{customer}"
    return replace(event, customerid=customer, subject=subject)
