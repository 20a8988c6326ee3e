"""What we believe about a customer, from which source and since when."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.customer.events import (
    AttributeAppended,
    ConsentGranted,
    ConsentWithdrawn,
    MeasurementSubmitted,
    PreferenceInferred,
    PreferenceRejected,
    PreferenceRetracted,
    PreferenceStated,
)
from domain.personal import Erased, Personal, Plain, Pseudonym
from projections.view import Handled, Projection, View

_RANK = {"direct": 2, "observed": 1, "third_party": 0}


@dataclass(frozen=True, slots=True, kw_only=True)
class Belief:
    """Where a belief came from; what is believed stands in the row's sealed `values`."""

    attribute: Plain[str]
    origin: Plain[str]
    event_id: Plain[UUID]
    since: Plain[datetime]


Values = tuple[tuple[str, str], ...]
"""What is believed, by attribute."""
Held = tuple[tuple[Belief, ...], Values | Erased]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileRow(View):
    customer: Pseudonym[str]
    events: Plain[int] = 0
    first_seen: Plain[datetime]
    last_seen: Plain[datetime]
    purposes: Plain[tuple[str, ...]] = ()
    beliefs: Plain[tuple[Belief, ...]] = ()
    values: Personal[Values] = ()


def keys(event: Handled) -> Iterable[str]:
    return [event.event.customerid] if event.event.customerid else []


def evolve(row: ProfileRow | None, event: Handled) -> ProfileRow:
    said = event.event
    old = row or ProfileRow(
        customer=said.customerid or "", first_seen=said.time, last_seen=said.time
    )
    purposes, held = old.purposes, (old.beliefs, old.values)
    match event.data:
        case PreferenceStated() | AttributeAppended() | PreferenceInferred() as data:
            held = _believe(held, data.attribute, data.origin, data.value, event)
        case MeasurementSubmitted(name=name, mm=mm, origin=origin):
            value = mm if isinstance(mm, Erased) else f"{mm:g} mm"
            held = _believe(held, name, origin, value, event)
        case PreferenceRejected(attribute=attribute) | PreferenceRetracted(attribute=attribute):
            held = _without(held, attribute)
        case ConsentGranted(purposes=granted):
            purposes = tuple(sorted({*purposes, *granted}))
        case ConsentWithdrawn(purposes=withdrawn):
            purposes = tuple(p for p in purposes if p not in withdrawn)
    return ProfileRow(
        customer=old.customer,
        events=old.events + 1,
        first_seen=min(old.first_seen, said.time),
        last_seen=max(old.last_seen, said.time),
        purposes=purposes,
        beliefs=held[0],
        values=held[1],
    )


def _believe(held: Held, attribute: str, origin: str, value: str | Erased, event: Handled) -> Held:
    """A word of the customer's own stands above what was observed, and that above a vendor's."""
    before = next((b for b in held[0] if b.attribute == attribute), None)
    if before and _RANK[before.origin] > _RANK[origin]:
        return held
    beliefs, values = _without(held, attribute) if before else held
    belief = Belief(
        attribute=attribute, origin=origin, event_id=event.event.id, since=event.event.time
    )
    if not isinstance(value, Erased) and not isinstance(values, Erased):
        values = (*values, (attribute, value))
    return (*beliefs, belief), values


def _without(held: Held, attribute: str) -> Held:
    beliefs, values = held
    beliefs = tuple(b for b in beliefs if b.attribute != attribute)
    if not isinstance(values, Erased):
        values = tuple(v for v in values if v[0] != attribute)
    return beliefs, values


projection = Projection(
    "profile", 1, ProfileRow, keys, evolve,
    answers="What do we believe about each customer, from which source and since when?",
)  # fmt: skip
