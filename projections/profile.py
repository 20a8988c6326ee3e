"""What we believe about a customer, from which source and since when."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
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


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileRow(View):
    customer: Pseudonym[str]
    events: Plain[int] = 0
    first_seen: Plain[datetime]
    last_seen: Plain[datetime]
    purposes: Plain[tuple[str, ...]] = ()
    beliefs: Plain[tuple[Belief, ...]] = ()
    values: Personal[tuple[tuple[str, str], ...]] = ()


def keys(event: Handled) -> Iterable[str]:
    return [event.event.customerid] if event.event.customerid else []


def evolve(row: ProfileRow | None, event: Handled) -> ProfileRow:
    said = event.event
    if row is None:
        row = ProfileRow(customer=said.customerid or "", first_seen=said.time, last_seen=said.time)
    row = replace(
        row,
        events=row.events + 1,
        first_seen=min(row.first_seen, said.time),
        last_seen=max(row.last_seen, said.time),
    )
    match event.data:
        case PreferenceStated(attribute=attribute, value=value, origin=origin):
            return _believe(row, attribute, origin, value, event)
        case AttributeAppended(attribute=attribute, value=value, origin=origin):
            return _believe(row, attribute, origin, value, event)
        case PreferenceInferred(attribute=attribute, value=value, origin=origin):
            return _believe(row, attribute, origin, value, event)
        case MeasurementSubmitted(name=name, mm=mm, origin=origin):
            value = mm if isinstance(mm, Erased) else f"{mm:g} mm"
            return _believe(row, name, origin, value, event)
        case PreferenceRejected(attribute=attribute) | PreferenceRetracted(attribute=attribute):
            return _forget(row, attribute)
        case ConsentGranted(purposes=purposes):
            return replace(row, purposes=tuple(sorted({*row.purposes, *purposes})))
        case ConsentWithdrawn(purposes=purposes):
            return replace(row, purposes=tuple(p for p in row.purposes if p not in purposes))
    return row


def _believe(
    row: ProfileRow, attribute: str, origin: str, value: str | Erased, event: Handled
) -> ProfileRow:
    """A word of the customer's own stands above what was observed, and that above a vendor's."""
    held = next((b for b in row.beliefs if b.attribute == attribute), None)
    if held and _RANK[held.origin] > _RANK[origin]:
        return row
    row = _forget(row, attribute)
    belief = Belief(
        attribute=attribute, origin=origin, event_id=event.event.id, since=event.event.time
    )
    row = replace(row, beliefs=(*row.beliefs, belief))
    if isinstance(value, Erased) or isinstance(row.values, Erased):
        return row
    return replace(row, values=(*row.values, (attribute, value)))


def _forget(row: ProfileRow, attribute: str) -> ProfileRow:
    row = replace(row, beliefs=tuple(b for b in row.beliefs if b.attribute != attribute))
    if isinstance(row.values, Erased):
        return row
    return replace(row, values=tuple(v for v in row.values if v[0] != attribute))


projection = Projection(
    "profile", 1, ProfileRow, keys, evolve,
    answers="What do we believe about each customer, from which source and since when?",
)  # fmt: skip
