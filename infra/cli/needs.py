"""What a configuration needs to be known, and what of it a customer has given already."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any, cast

import typer

from consumers.doors.deciders import DECIDERS
from domain.configuration.choosing import needs, selections
from domain.design.state import Design
from domain.order.state import Order
from domain.order.state import selections as of_order
from domain.subject import Subject
from infra.cli.tables import table
from infra.deployment import Deployment
from infra.errors import UserError
from projections import discover
from projections.beliefs import Belief
from projections.profile import ProfileRow


def show_needs(deployment: Deployment, subject: str, as_json: bool) -> None:
    rows = _needs(deployment, subject)
    if as_json:
        typer.echo(json.dumps({"rows": rows}, default=str))
    else:
        table("What must be known, and what was given already?", rows)


def _needs(deployment: Deployment, subject: str) -> list[dict[str, Any]]:
    """The newest word about each input, by its name, whoever said it."""
    history = deployment.store.read_stream(subject)
    if not history:
        raise UserError(f"there is no {subject.replace('/', ' ')}: check the id")
    decider = DECIDERS[Subject.parse(subject).kind]
    state = decider.fold(history)
    bound = decider.book(state)
    if bound is None:
        raise UserError("the order names no book, so nobody has said what it needs")
    book = deployment.books.bound(*bound, datetime.now(UTC))
    assert book  # a book was effective when it began
    lines = of_order(state) if isinstance(state, Order) else _of_design(state)
    given = _given(deployment, history[0].event.customerid)
    return [
        {
            "line_id": line, "option": need.option, "name": need.name, "question": need.question,
            "obtained": need.obtained, "given": known is not None,
            "origin": known and known.origin, "since": known and known.since,
            "event_id": known and known.event_id,
        }
        for line, need in needs(book, lines)
        for known in [given.get(need.name)]
    ]  # fmt: skip


def _of_design(design: Design) -> Any:
    return selections(design.lines, design.options)


def _given(deployment: Deployment, customer: str | None) -> dict[str, Belief]:
    """What the customer said, answered or was measured, by name: the newest word of each."""
    if customer is None:
        return {}
    rows = cast(
        list[ProfileRow], deployment.views.select(discover()["profile"], {"key": [customer]}, 1)
    )
    said = [b for row in rows for b in row.beliefs if b.origin == "direct" and not b.vetoed]
    return {b.attribute: b for b in sorted(said, key=lambda b: b.since)}
