"""The inputs that are needed to make an order or a design, and which of them are given."""

from __future__ import annotations

from datetime import datetime
from typing import cast
from uuid import UUID

import msgspec

from consumers.doors.deciders import DECIDERS
from consumers.ports.store import Books, Store
from consumers.ports.views import ViewReader
from consumers.questions.rows import readable_view
from domain.book.book import Input
from domain.configuration.choosing import required_inputs, selections
from domain.design.state import Design
from domain.errors import NotAllowed, NotFound
from domain.order.state import Order
from domain.order.state import selections as order_selections
from domain.subject import Subject
from projections.beliefs import Belief
from projections.profile import ProfileRow


class NeededInput(msgspec.Struct, frozen=True, kw_only=True):
    """An input that an option of a line needs.

    Where the customer has given it, `origin`, `since` and `event_id` are of the newest statement.
    """

    line_id: str
    option: str
    name: str
    question: str
    obtained: str
    given: bool
    origin: str | None
    since: datetime | None
    event_id: UUID | None


def needed_inputs(
    subject: Subject, store: Store, books: Books, views: ViewReader, now: datetime
) -> list[NeededInput]:
    """Return the inputs that an order or a design needs, by its book as it is effective at `now`.

    Raises NotFound for a subject that does not exist, NotAllowed for an order without a book.
    """
    history = store.read_stream(str(subject))
    if not history:
        raise NotFound(f"there is no {subject.kind} {subject.id}: check the id", "id")
    decider = DECIDERS[subject.kind]
    state = decider.fold(history)
    bound = decider.book(state)
    if bound is None:
        raise NotAllowed("the order names no book, and a book says which inputs are needed", "book")
    book = books.bound(*bound, now)
    assert book  # a version was effective when the order or design began
    customer = history[0].event.customerid
    beliefs = _given(customer, views) if customer else {}
    if isinstance(state, Order):
        lines = order_selections(state)
    else:
        assert isinstance(state, Design)
        lines = selections(state.lines, state.options)
    return [
        _needed(line, need, beliefs.get(need.name)) for line, need in required_inputs(book, lines)
    ]


def _given(customer: str, views: ViewReader) -> dict[str, Belief]:
    """The newest statement of the customer about each attribute that they have not taken back."""
    profile = readable_view("profile", views)
    rows = cast(list[ProfileRow], views.select(profile, {"key": [customer]}, 1))
    stated = [b for row in rows for b in row.beliefs if b.origin == "direct" and not b.vetoed]
    return {b.attribute: b for b in sorted(stated, key=lambda b: b.since)}


def _needed(line_id: str, need: Input, belief: Belief | None) -> NeededInput:
    return NeededInput(
        line_id=line_id,
        option=need.option,
        name=need.name,
        question=need.question,
        obtained=need.obtained,
        given=belief is not None,
        origin=belief.origin if belief else None,
        since=belief.since if belief else None,
        event_id=belief.event_id if belief else None,
    )
