"""What we believe about a customer, from which source, why, and since when."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from msgspec.structs import replace

from domain.customer import events as c
from domain.order.events import OptionChosen, OptionCleared
from domain.personal import ERASED, Erased, Personal, Plain, Pseudonym
from projections.beliefs import Belief
from projections.measured import Measurement, Use, measured, used
from projections.view import AnyEvent, Part, Projection, Row


class Veto(Part, frozen=True, kw_only=True):
    """The customer rejected a value, which stands at the same place of `vetoed`; "" means any."""

    attribute: Plain[str]
    event_id: Plain[UUID]
    since: Plain[datetime]


class BeliefConflict(Part, frozen=True, kw_only=True):
    attribute: Plain[str]
    events: Plain[tuple[UUID, ...]]


class Service(Part, frozen=True, kw_only=True):
    option: Plain[str]
    since: Plain[datetime]


Values = tuple[tuple[str, str], ...]


class ProfileRow(Row, frozen=True, kw_only=True):
    """`squared_error` sums (confidence - truth)² over the inferences that were `judged`."""

    customer: Pseudonym[str]
    events: Plain[int] = 0
    first_seen: Plain[datetime]
    last_seen: Plain[datetime]
    purposes: Plain[tuple[str, ...]] = ()
    beliefs: Plain[tuple[Belief, ...]] = ()
    values: Personal[Values] = ()
    vetoes: Plain[tuple[Veto, ...]] = ()
    vetoed: Personal[tuple[str, ...]] = ()
    conflicts: Plain[tuple[BeliefConflict, ...]] = ()
    services: Plain[tuple[Service, ...]] = ()
    measurements: Plain[tuple[Measurement, ...]] = ()
    uses: Plain[tuple[Use, ...]] = ()
    applied: Plain[int] = 0
    overridden: Plain[int] = 0
    judged: Plain[int] = 0
    squared_error: Plain[float] = 0.0


def keys(event: AnyEvent) -> Iterable[str]:
    return [event.event.customerid] if event.event.customerid else []


def evolve(row: ProfileRow | None, event: AnyEvent) -> ProfileRow:
    at = event.event.time
    if row is None:
        row = ProfileRow(customer=event.event.customerid or "", first_seen=at, last_seen=at)
    row = replace(
        row, events=row.events + 1, first_seen=min(row.first_seen, at),
        last_seen=max(row.last_seen, at),
    )  # fmt: skip
    match event.data:
        case c.PreferenceStated(value=value, polarity=polarity) as said:
            if polarity == "dislikes" and not isinstance(value, Erased):
                value = f"not {value}"
            return _believe(row, _belief(said.attribute, said.origin, event), value)
        case c.MeasurementSubmitted(name=name, mm=mm, origin=origin) as taken:
            row = replace(row, measurements=measured(row.measurements, taken, event))
            value = mm if isinstance(mm, Erased) else f"{mm:g} mm"
            return _believe(row, _belief(name, origin, event), value)
        case c.IntakeAnswered(question_id=question, answer=answer, origin=origin):
            return _believe(row, _belief(question, origin, event), answer)
        case c.SettingChanged(path=path, new=None):
            return _without(row, path, at)
        case c.SettingChanged(path=path, new=value, origin=origin) if value is not None:
            return _believe(row, _belief(path, origin, event), value)
        case c.AttributeAppended(attribute=attribute, vendor=vendor, value=value):
            appended = _belief(attribute, "third_party", event)
            return _believe(row, replace(appended, vendor=vendor, rests_on=(vendor,)), value)
        case c.PreferenceInferred() as inferred:
            return _believe(row, _inferred(row, inferred, event), inferred.value)
        case c.PreferenceConfirmed(inference_id=id):
            return _judged(row, [b for b in row.beliefs if b.event_id == id], confirmed=True)
        case c.PreferenceRejected() as rejected:
            return _rejected(row, rejected, event)
        case c.PreferenceRetracted(attribute=attribute):
            return _without(row, attribute, at)
        case c.PreferenceConflictDetected(attribute=attribute, events=events):
            others = tuple(x for x in row.conflicts if x.attribute != attribute)
            return replace(
                row, conflicts=(*others, BeliefConflict(attribute=attribute, events=events))
            )
        case c.ServiceOptionActivated(option=option):
            kept = tuple(s for s in row.services if s.option != option)
            return replace(row, services=(*kept, Service(option=option, since=at)))
        case c.ServiceOptionDeactivated(option=option):
            return replace(row, services=tuple(s for s in row.services if s.option != option))
        case OptionChosen() | OptionCleared() as choice:
            return replace(row, uses=used(row.uses, choice, event))
        case c.PersonalizationApplied():
            return replace(row, applied=row.applied + 1)
        case c.PersonalizationOverridden():
            return replace(row, overridden=row.overridden + 1)
        case c.ConsentGranted(purposes=granted):
            return replace(row, purposes=tuple(sorted({*row.purposes, *granted})))
        case c.ConsentWithdrawn(purposes=withdrawn):
            return replace(row, purposes=tuple(p for p in row.purposes if p not in withdrawn))
    return row


def _belief(attribute: str, origin: str, event: AnyEvent) -> Belief:
    said = event.event
    return Belief(attribute=attribute, origin=origin, event_id=said.id, since=said.time)


def _inferred(row: ProfileRow, said: c.PreferenceInferred, event: AnyEvent) -> Belief:
    """Its evidence is what `previous` had, and what is new."""
    before = next((b for b in row.beliefs if b.event_id == said.previous), None)
    new = tuple(e.event_id for e in said.evidence)
    evidence = tuple(dict.fromkeys((*(before.evidence if before else ()), *new)))
    vendors = {v for b in row.beliefs if b.event_id in new for v in b.rests_on}
    return replace(
        _belief(said.attribute, said.origin, event),
        confidence=said.confidence,
        expires_at=said.expires_at,
        evidence=evidence,
        rests_on=tuple(sorted({*vendors, *(before.rests_on if before else ())})),
    )


def _believe(row: ProfileRow, new: Belief, value: str | Erased) -> ProfileRow:
    """A source's newest word by when it was said, however late it is recorded."""
    vetoed = any(
        veto.attribute == new.attribute
        and _same(what, value)
        and (new.origin != "direct" or new.since <= veto.since)
        for veto, what in _vetoes(row)
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


def valued(row: ProfileRow) -> list[tuple[Belief, str | Erased]]:
    """Each belief with its value."""
    if isinstance(row.values, Erased):
        return [(belief, ERASED) for belief in row.beliefs]
    return [(b, value) for b, (_, value) in zip(row.beliefs, row.values, strict=True)]


def _vetoes(row: ProfileRow) -> list[tuple[Veto, str | Erased]]:
    if isinstance(row.vetoed, Erased):
        return [(veto, ERASED) for veto in row.vetoes]
    return list(zip(row.vetoes, row.vetoed, strict=True))


def _rejected(row: ProfileRow, said: c.PreferenceRejected, event: AnyEvent) -> ProfileRow:
    """Vetoes the value that is named, or that of the inference that is, or whichever it is."""
    known = [v for b, v in valued(row) if b.event_id == said.inference_id]
    what = said.value if said.value is not None else next(iter(known), "")
    at = event.event.time
    meant = [
        b
        for b, value in valued(row)
        if b.attribute == said.attribute and b.since <= at and _same(what, value)
    ]
    veto = Veto(attribute=said.attribute, event_id=event.event.id, since=at)
    vetoed: tuple[str, ...] | Erased = ERASED
    if not isinstance(what, Erased) and not isinstance(row.vetoed, Erased):
        vetoed = (*row.vetoed, what)
    row = _judged(row, meant, confirmed=False)
    return replace(row, vetoes=(*row.vetoes, veto), vetoed=vetoed)


def _judged(row: ProfileRow, meant: list[Belief], *, confirmed: bool) -> ProfileRow:
    """An inference is judged once: the first word of the customer counts."""
    first = [b for b in meant if b.confidence is not None and b.confirmed is None]
    error = sum(((b.confidence or 0) - confirmed) ** 2 for b in first)
    ids = {b.event_id for b in meant}
    beliefs = tuple(
        replace(b, confirmed=confirmed, vetoed=not confirmed) if b.event_id in ids else b
        for b in row.beliefs
    )
    return replace(
        row, beliefs=beliefs, judged=row.judged + len(first),
        squared_error=row.squared_error + error,
    )  # fmt: skip


def _without(row: ProfileRow, attribute: str, at: datetime) -> ProfileRow:
    """Nothing of an attribute that was believed until then."""
    kept = [i for i, b in enumerate(row.beliefs) if b.attribute != attribute or b.since > at]
    beliefs = tuple(row.beliefs[i] for i in kept)
    if isinstance(row.values, Erased):
        return replace(row, beliefs=beliefs)
    return replace(row, beliefs=beliefs, values=tuple(row.values[i] for i in kept))


def _same(vetoed: str | Erased, value: str | Erased) -> bool:
    """What cannot be read any more is taken to be what was rejected."""
    return vetoed in ("", value) or isinstance(vetoed, Erased) or isinstance(value, Erased)


projection = Projection(
    "profile", 2, ProfileRow, keys, evolve,
    answers="What do we believe about each customer, from which source, why and since when?",
)  # fmt: skip
