"""What may be decided about an order: given these events, when this is asked, then that."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce

import pytest

from domain.errors import NotAllowed
from domain.order import decide
from domain.order.events import (
    OperationCompleted,
    OperationStarted,
    OptionChosen,
    OptionCleared,
    OrderCancelled,
    OrderDrafted,
    OrderLine,
    OrderPlaced,
    OrderQueued,
    OrderShipped,
    Step,
)
from domain.order.state import Order, Status, Work, evolve

LINES = (OrderLine(line_id="L1", product="shirt"), OrderLine(line_id="L2", product="shirt"))
FACTS = {
    "origin": "direct",
    "choice_space": "closed",
    "target": "product",
    "stage": "packaging",
}
DRAFTED = OrderDrafted(lines=LINES)
MONOGRAM = OptionChosen(line_id="L1", option="monogram", value="serif", text="A.B.", **FACTS)
CLEARED = OptionCleared(line_id="L1", option="monogram", **FACTS)
PLACED = OrderPlaced()
CUT = Step(operation_id="cut", line_id="L1", work_centre="cutting")
SEW = Step(operation_id="sew", line_id="L1", work_centre="sewing")
QUEUED = OrderQueued(route=(CUT, SEW))
STARTED = OperationStarted(operation_id="cut", line_id="L1", work_centre="cutting")
COMPLETED = OperationCompleted(
    operation_id="cut", line_id="L1", work_centre="cutting", quantity=1, run_s=60
)
SHIPPED = OrderShipped()
CANCELLED = OrderCancelled()


@dataclass
class Given:
    order: Order
    said: list | None = None
    refusal: NotAllowed | None = None

    def when(self, command, **arguments):
        try:
            self.said = command(self.order, **arguments)
        except NotAllowed as refusal:
            self.refusal = refusal
        return self

    def then(self, *events):
        assert self.refusal is None
        assert self.said == list(events)

    def refused(self, field, words):
        assert self.refusal is not None
        assert self.refusal.field == field
        assert words in str(self.refusal)


def given(*events):
    return Given(reduce(evolve, events, Order()))


def test_a_draft_takes_choices():
    given().when(decide.draft, lines=LINES).then(DRAFTED)
    given(DRAFTED).when(decide.choose, choice=MONOGRAM).then(MONOGRAM)
    given(DRAFTED, MONOGRAM).when(decide.clear, choice=CLEARED).then(CLEARED)


def test_what_is_so_already_is_recorded_once():
    given(DRAFTED, MONOGRAM).when(decide.choose, choice=MONOGRAM).then()
    given(DRAFTED).when(decide.clear, choice=CLEARED).then()
    given(DRAFTED, PLACED).when(decide.place).then()
    given(DRAFTED, CANCELLED).when(decide.cancel).then()


def test_an_order_is_drafted_once_with_lines_of_their_own():
    given(DRAFTED).when(decide.draft, lines=LINES).refused("status", "choose another id")
    given().when(decide.draft, lines=LINES[:1] * 2).refused("lines", "L1 is named twice")


def test_a_choice_is_about_a_line_of_a_draft():
    given(DRAFTED, PLACED).when(decide.choose, choice=MONOGRAM).refused("status", "only a draft")
    given(OrderDrafted(lines=LINES[1:])).when(decide.choose, choice=MONOGRAM).refused(
        "line_id", "no line L1: its lines are L2"
    )


def test_an_order_is_placed_and_then_queued():
    given(DRAFTED).when(decide.place).then(PLACED)
    given(DRAFTED).when(decide.queue, route=[CUT]).refused("status", "place it first")
    given(DRAFTED, PLACED).when(decide.queue, route=[CUT, SEW]).then(QUEUED)
    given(DRAFTED, PLACED).when(decide.queue, route=[CUT, CUT]).refused("route", "cut is named")


def test_cancelling_closes_what_is_open_and_is_too_late_after_shipping():
    given(DRAFTED, PLACED, QUEUED).when(decide.cancel).then(CANCELLED)
    given(DRAFTED, PLACED, QUEUED, SHIPPED).when(decide.cancel).refused("status", "shipped")
    work = given(DRAFTED, PLACED, QUEUED, STARTED, COMPLETED, CANCELLED).order.work
    assert work == {"cut": Work.COMPLETED, "sew": Work.CLOSED}


@pytest.mark.parametrize(
    ("events", "unexpected"),
    [
        ([DRAFTED, PLACED, QUEUED, STARTED], ()),
        ([DRAFTED, PLACED, STARTED], ("started-without-being-queued",)),
        ([DRAFTED, PLACED, QUEUED, COMPLETED], ("completed-without-being-started",)),
        ([DRAFTED, PLACED, QUEUED, STARTED, SHIPPED], ("shipped-with-open-operations",)),
        ([SHIPPED], ("shipped-without-being-made",)),
    ],
)
def test_a_report_is_never_refused_but_what_it_breaks_is_noted(events, unexpected):
    assert given(*events).order.unexpected == unexpected


def test_the_first_operation_starts_production():
    assert given(DRAFTED, PLACED, QUEUED, STARTED).order.status is Status.IN_PRODUCTION
