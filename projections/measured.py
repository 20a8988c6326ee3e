"""Measurements of a customer, and what was made by which: a part of the profile.

The lengths are not here: they are beliefs, sealed.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from domain.customer.events import MeasurementSubmitted
from domain.order.events import OptionChosen, OptionCleared
from domain.personal import Plain, Pseudonym
from domain.subject import Subject
from projections.view import AnyEvent, Part


class Measurement(Part, frozen=True, kw_only=True):
    measurement_id: Plain[str]
    name: Plain[str]
    event_id: Plain[UUID]
    since: Plain[datetime]


class Use(Part, frozen=True, kw_only=True):
    """An option of an order that is made by measurements."""

    order_id: Pseudonym[str]
    line_id: Plain[str]
    option: Plain[str]
    measurements: Plain[tuple[str, ...]]


def measured(
    known: tuple[Measurement, ...], taken: MeasurementSubmitted, event: AnyEvent
) -> tuple[Measurement, ...]:
    """Taken again under the same id, the newer one holds."""
    new = Measurement(
        measurement_id=taken.measurement_id,
        name=taken.name,
        event_id=event.event.id,
        since=event.event.time,
    )
    return (*(m for m in known if m.measurement_id != new.measurement_id), new)


def used(
    known: tuple[Use, ...], choice: OptionChosen | OptionCleared, event: AnyEvent
) -> tuple[Use, ...]:
    order = Subject.parse(event.event.subject).id
    what = order, choice.line_id, choice.option
    others = tuple(u for u in known if (u.order_id, u.line_id, u.option) != what)
    if isinstance(choice, OptionCleared) or not choice.measurements:
        return others
    new = Use(
        order_id=order,
        line_id=choice.line_id,
        option=choice.option,
        measurements=choice.measurements,
    )
    return (*others, new)
