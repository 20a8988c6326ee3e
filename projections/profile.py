"""The view `profile`: what is believed about each customer, from which source and since when."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from msgspec.structs import replace

from domain.customer.events import (
    AttributeAppended,
    ConsentGranted,
    ConsentWithdrawn,
    IntakeAnswered,
    MeasurementSubmitted,
    PersonalizationApplied,
    PersonalizationOverridden,
    PreferenceConfirmed,
    PreferenceConflictDetected,
    PreferenceInferred,
    PreferenceRejected,
    PreferenceRetracted,
    PreferenceStated,
    ServiceOptionActivated,
    ServiceOptionDeactivated,
    SettingChanged,
)
from domain.event import Data, Recorded
from domain.order.events import OptionChosen, OptionCleared
from domain.personal import ERASED, Erased, Personal, Plain, Pseudonym
from projections.beliefs import Belief
from projections.keys import by_customer
from projections.measurements import MeasuredOption, Measurement, with_measurement, with_option
from projections.view import AnyEvent, Part, Projection, Row


class Veto(Part, frozen=True, kw_only=True):
    """A value of an attribute that the customer rejected; it is in `vetoed`, at the same index.

    An empty value means every value.
    """

    attribute: Plain[str]
    event_id: Plain[UUID]
    since: Plain[datetime]


class BeliefConflict(Part, frozen=True, kw_only=True):
    """Events that contradict each other about an attribute."""

    attribute: Plain[str]
    events: Plain[tuple[UUID, ...]]


class Service(Part, frozen=True, kw_only=True):
    option: Plain[str]
    since: Plain[datetime]


class ProfileRow(Row, frozen=True, kw_only=True):
    """A customer. `values` are the attribute and value of each belief, at the same index.

    `applied` and `overridden` count personalizations. `squared_error` is the sum of
    (confidence - truth)² over the `judged` inferences, those that the customer confirmed or
    rejected.
    """

    customer: Pseudonym[str]
    events: Plain[int] = 0
    first_seen: Plain[datetime]
    last_seen: Plain[datetime]
    purposes: Plain[tuple[str, ...]] = ()
    beliefs: Plain[tuple[Belief, ...]] = ()
    values: Personal[tuple[tuple[str, str], ...]] = ()
    vetoes: Plain[tuple[Veto, ...]] = ()
    vetoed: Personal[tuple[str, ...]] = ()
    conflicts: Plain[tuple[BeliefConflict, ...]] = ()
    services: Plain[tuple[Service, ...]] = ()
    measurements: Plain[tuple[Measurement, ...]] = ()
    uses: Plain[tuple[MeasuredOption, ...]] = ()
    applied: Plain[int] = 0
    overridden: Plain[int] = 0
    judged: Plain[int] = 0
    squared_error: Plain[float] = 0.0


def beliefs_with_values(row: ProfileRow) -> list[tuple[Belief, str | Erased]]:
    if isinstance(row.values, Erased):
        return [(belief, ERASED) for belief in row.beliefs]
    return [(b, value) for b, (_, value) in zip(row.beliefs, row.values, strict=True)]


def _initial(event: AnyEvent) -> ProfileRow:
    time = event.event.time
    return ProfileRow(customer=event.event.customerid or "", first_seen=time, last_seen=time)


profile = Projection(
    "profile", 2, ProfileRow, initial=_initial,
    answers="What do we believe about each customer, from which source, why and since when?",
)  # fmt: skip


@profile.on(Data, key=by_customer)
def count_event(row: ProfileRow, event: AnyEvent) -> ProfileRow:
    time = event.event.time
    return replace(
        row,
        events=row.events + 1,
        first_seen=min(row.first_seen, time),
        last_seen=max(row.last_seen, time),
    )


@profile.on(PreferenceStated, key=by_customer)
def state_preference(row: ProfileRow, event: Recorded[PreferenceStated]) -> ProfileRow:
    value = event.data.value
    if event.data.polarity == "dislikes" and not isinstance(value, Erased):
        value = f"not {value}"
    return _with_belief(row, _belief(event, event.data.attribute, event.data.origin), value)


@profile.on(MeasurementSubmitted, key=by_customer)
def add_measurement(row: ProfileRow, event: Recorded[MeasurementSubmitted]) -> ProfileRow:
    row = replace(row, measurements=with_measurement(row.measurements, event))
    mm = event.data.mm
    value = mm if isinstance(mm, Erased) else f"{mm:g} mm"
    return _with_belief(row, _belief(event, event.data.name, event.data.origin), value)


@profile.on(IntakeAnswered, key=by_customer)
def add_answer(row: ProfileRow, event: Recorded[IntakeAnswered]) -> ProfileRow:
    belief = _belief(event, event.data.question_id, event.data.origin)
    return _with_belief(row, belief, event.data.answer)


@profile.on(SettingChanged, key=by_customer)
def change_setting(row: ProfileRow, event: Recorded[SettingChanged]) -> ProfileRow:
    data = event.data
    if data.new is None:
        return _without_attribute(row, data.path, event.event.time)
    return _with_belief(row, _belief(event, data.path, data.origin), data.new)


@profile.on(AttributeAppended, key=by_customer)
def append_attribute(row: ProfileRow, event: Recorded[AttributeAppended]) -> ProfileRow:
    vendor = event.data.vendor
    belief = _belief(event, event.data.attribute, "third_party", vendor=vendor, rests_on=(vendor,))
    return _with_belief(row, belief, event.data.value)


@profile.on(PreferenceInferred, key=by_customer)
def add_inference(row: ProfileRow, event: Recorded[PreferenceInferred]) -> ProfileRow:
    """The evidence is that of the `previous` inference, which this one replaces, and the new."""
    data = event.data
    previous = next((b for b in row.beliefs if b.event_id == data.previous), None)
    new = [e.event_id for e in data.evidence]
    vendors = {v for b in row.beliefs if b.event_id in new for v in b.rests_on}
    evidence, rests_on = (previous.evidence, previous.rests_on) if previous else ((), ())
    belief = _belief(
        event, data.attribute, data.origin,
        confidence=data.confidence,
        expires_at=data.expires_at,
        evidence=tuple(dict.fromkeys((*evidence, *new))),
        rests_on=tuple(sorted({*vendors, *rests_on})),
    )  # fmt: skip
    return _with_belief(row, belief, data.value)


@profile.on(PreferenceConfirmed, key=by_customer)
def confirm(row: ProfileRow, event: Recorded[PreferenceConfirmed]) -> ProfileRow:
    confirmed = [b for b in row.beliefs if b.event_id == event.data.inference_id]
    return _judged(row, confirmed, confirmed=True)


@profile.on(PreferenceRejected, key=by_customer)
def reject(row: ProfileRow, event: Recorded[PreferenceRejected]) -> ProfileRow:
    """Vetoes the value of the event, or that of the inference it names, or else every value."""
    data, time = event.data, event.event.time
    pairs = beliefs_with_values(row)
    inferred = next((value for b, value in pairs if b.event_id == data.inference_id), "")
    value = inferred if data.value is None else data.value
    rejected = [
        b
        for b, other in pairs
        if b.attribute == data.attribute and b.since <= time and _is_vetoed(other, value)
    ]
    vetoed: tuple[str, ...] | Erased = ERASED
    if not isinstance(value, Erased) and not isinstance(row.vetoed, Erased):
        vetoed = (*row.vetoed, value)
    veto = Veto(attribute=data.attribute, event_id=event.event.id, since=time)
    row = _judged(row, rejected, confirmed=False)
    return replace(row, vetoes=(*row.vetoes, veto), vetoed=vetoed)


@profile.on(PreferenceRetracted, key=by_customer)
def retract(row: ProfileRow, event: Recorded[PreferenceRetracted]) -> ProfileRow:
    return _without_attribute(row, event.data.attribute, event.event.time)


@profile.on(PreferenceConflictDetected, key=by_customer)
def add_conflict(row: ProfileRow, event: Recorded[PreferenceConflictDetected]) -> ProfileRow:
    """A new conflict about an attribute replaces the one before."""
    new = BeliefConflict(attribute=event.data.attribute, events=event.data.events)
    others = (c for c in row.conflicts if c.attribute != new.attribute)
    return replace(row, conflicts=(*others, new))


@profile.on(ServiceOptionActivated, ServiceOptionDeactivated, key=by_customer)
def switch_service(
    row: ProfileRow, event: Recorded[ServiceOptionActivated | ServiceOptionDeactivated]
) -> ProfileRow:
    option = event.data.option
    services = tuple(s for s in row.services if s.option != option)
    if isinstance(event.data, ServiceOptionActivated):
        services += (Service(option=option, since=event.event.time),)
    return replace(row, services=services)


@profile.on(OptionChosen, OptionCleared, key=by_customer)
def use_measurements(row: ProfileRow, event: Recorded[OptionChosen | OptionCleared]) -> ProfileRow:
    return replace(row, uses=with_option(row.uses, event))


@profile.on(PersonalizationApplied, key=by_customer)
def count_personalization(row: ProfileRow, _: Recorded[PersonalizationApplied]) -> ProfileRow:
    return replace(row, applied=row.applied + 1)


@profile.on(PersonalizationOverridden, key=by_customer)
def count_override(row: ProfileRow, _: Recorded[PersonalizationOverridden]) -> ProfileRow:
    return replace(row, overridden=row.overridden + 1)


@profile.on(ConsentGranted, key=by_customer)
def grant(row: ProfileRow, event: Recorded[ConsentGranted]) -> ProfileRow:
    return replace(row, purposes=tuple(sorted({*row.purposes, *event.data.purposes})))


@profile.on(ConsentWithdrawn, key=by_customer)
def withdraw(row: ProfileRow, event: Recorded[ConsentWithdrawn]) -> ProfileRow:
    return replace(row, purposes=tuple(p for p in row.purposes if p not in event.data.purposes))


def _belief(event: AnyEvent, attribute: str, origin: str, **more: Any) -> Belief:
    envelope = event.event
    return Belief(
        attribute=attribute, origin=origin, event_id=envelope.id, since=envelope.time, **more
    )


def _with_belief(row: ProfileRow, new: Belief, value: str | Erased) -> ProfileRow:
    """Add a belief in place of the one from its source, unless that one is newer by its time.

    It is vetoed if the customer rejected the value; a statement of their own after that holds.
    """
    vetoed = any(
        veto.attribute == new.attribute
        and _is_vetoed(value, rejected)
        and (new.origin != "direct" or new.since <= veto.since)
        for veto, rejected in _vetoes_with_values(row)
    )
    new = replace(new, vetoed=vetoed)
    at = next((i for i, b in enumerate(row.beliefs) if b.source == new.source), len(row.beliefs))
    if any(b.since > new.since for b in row.beliefs[at : at + 1]):
        return row
    beliefs = (*row.beliefs[:at], new, *row.beliefs[at + 1 :])
    if isinstance(value, Erased) or isinstance(row.values, Erased):
        return replace(row, beliefs=beliefs, values=ERASED)
    values = (*row.values[:at], (new.attribute, value), *row.values[at + 1 :])
    return replace(row, beliefs=beliefs, values=values)


def _without_attribute(row: ProfileRow, attribute: str, until: datetime) -> ProfileRow:
    """Remove the beliefs about an attribute that are not newer than a time."""
    kept = [i for i, b in enumerate(row.beliefs) if b.attribute != attribute or b.since > until]
    beliefs = tuple(row.beliefs[i] for i in kept)
    if isinstance(row.values, Erased):
        return replace(row, beliefs=beliefs)
    return replace(row, beliefs=beliefs, values=tuple(row.values[i] for i in kept))


def _judged(row: ProfileRow, beliefs: list[Belief], *, confirmed: bool) -> ProfileRow:
    """Marks beliefs as confirmed or rejected. Of an inference only the first verdict counts."""
    first = [b for b in beliefs if b.confidence is not None and b.confirmed is None]
    error = sum(((b.confidence or 0) - confirmed) ** 2 for b in first)
    ids = {b.event_id for b in beliefs}
    return replace(
        row,
        beliefs=tuple(
            replace(b, confirmed=confirmed, vetoed=not confirmed) if b.event_id in ids else b
            for b in row.beliefs
        ),
        judged=row.judged + len(first),
        squared_error=row.squared_error + error,
    )


def _vetoes_with_values(row: ProfileRow) -> list[tuple[Veto, str | Erased]]:
    if isinstance(row.vetoed, Erased):
        return [(veto, ERASED) for veto in row.vetoes]
    return list(zip(row.vetoes, row.vetoed, strict=True))


def _is_vetoed(value: str | Erased, rejected: str | Erased) -> bool:
    """Whether a value is the rejected one; a value that cannot be read is taken to be it."""
    return rejected in ("", value) or isinstance(rejected, Erased) or isinstance(value, Erased)
