"""A customer's measurements, and the options made by them: a part of the rows of `profile`.

The lengths are not here: they are values of beliefs, which are sealed.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from domain.customer.events import MeasurementSubmitted
from domain.event import Recorded
from domain.order.events import OptionChosen, OptionCleared
from domain.personal import Plain, Pseudonym
from domain.subject import Subject
from projections.view import Part


class Measurement(Part, frozen=True, kw_only=True):
    measurement_id: Plain[str]
    name: Plain[str]
    event_id: Plain[UUID]
    since: Plain[datetime]


class MeasuredOption(Part, frozen=True, kw_only=True):
    """An option of an order that is made by measurements, of which it has the ids."""

    order_id: Pseudonym[str]
    line_id: Plain[str]
    option: Plain[str]
    measurements: Plain[tuple[str, ...]]


def with_measurement(
    measurements: tuple[Measurement, ...], event: Recorded[MeasurementSubmitted]
) -> tuple[Measurement, ...]:
    """Add a measurement; it replaces the one with the same id."""
    data = event.data
    new = Measurement(
        measurement_id=data.measurement_id, name=data.name, event_id=event.event.id,
        since=event.event.time,
    )  # fmt: skip
    return (*(m for m in measurements if m.measurement_id != new.measurement_id), new)


def with_option(
    options: tuple[MeasuredOption, ...], event: Recorded[OptionChosen | OptionCleared]
) -> tuple[MeasuredOption, ...]:
    """The options after one was chosen or cleared; one that names no measurements is left out."""
    order, choice = Subject.parse(event.event.subject).id, event.data
    changed = order, choice.line_id, choice.option
    others = tuple(o for o in options if (o.order_id, o.line_id, o.option) != changed)
    if isinstance(choice, OptionCleared) or not choice.measurements:
        return others
    new = MeasuredOption(
        order_id=order, line_id=choice.line_id, option=choice.option,
        measurements=choice.measurements,
    )  # fmt: skip
    return (*others, new)
