"""Keys of rows: the part of an event that says which row of a view it belongs to."""

from __future__ import annotations

from domain.subject import Subject
from projections.view import AnyEvent


def by_customer(event: AnyEvent) -> str | None:
    """The customer that the event is about, if it names one."""
    return event.event.customerid


def by_order(event: AnyEvent) -> str | None:
    """The id of the order that the event is about."""
    return _id(event, "order")


def by_design(event: AnyEvent) -> str | None:
    """The id of the design that the event is about."""
    return _id(event, "design")


def by_catalogue(event: AnyEvent) -> str | None:
    """The name of the book that the event is about."""
    return _id(event, "catalogue")


def _id(event: AnyEvent, kind: str) -> str | None:
    subject = Subject.parse(event.event.subject)
    return subject.id if subject.kind == kind else None
