"""The decisions about an order: given events, when a command is decided, then events."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import reduce

import pytest

from domain.book.book import Book, OrderLine, Phrase
from domain.errors import NotAllowed
from domain.free_text.interpretation import Interpretation, Meaning
from domain.order import decide
from domain.order import events as e
from domain.order import reports as r
from domain.order.expected import unexpected
from domain.order.progress import Status
from domain.order.state import Order, evolve
from domain.pricing.quote import QuoteLine

T0 = datetime(2026, 3, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)
FACTS = {
    "origin": "direct",
    "choice_space": "closed",
    "target": "product",
    "stage": "packaging",
}
LINES = (OrderLine(line_id="L1", product="shirt"), OrderLine(line_id="L2", product="shirt"))
DRAFTED = e.OrderDrafted(lines=LINES)
MONOGRAM = e.OptionChosen(line_id="L1", option="monogram", value="serif", text="A.B.", **FACTS)
CLEARED = e.OptionCleared(line_id="L1", option="monogram", **FACTS)
FIT = e.OptionChosen(
    line_id="L1", option="fit", value="slim", **{**FACTS, "stage": "pre_manufacture"}
)
STARCH = e.SpecialInstructionGiven(instruction_id="I1", text="no starch, please", **FACTS)
INTERPRETED = e.SpecialInstructionInterpreted(
    instruction_id="I1", operations=("no-starch",), confidence=0.9, by="clerk",
    meanings=(Meaning(operations=("no-starch",)),),
)  # fmt: skip
BY_HAND = {"instruction_id": "I1", "book": None, "interpretation": None, "sure_from": 0.9}
ACCEPTED = e.SpecialInstructionAccepted(instruction_id="I1")
BURGERS = Book(
    book="burgers", version=1, currency="EUR", rounding="half_up", places=2, products=("burger",),
    effective_from=T0,
    phrases=(Phrase(words=("extra patty",), operations=("extra-patty",), amount=Decimal("2.50")),),
)  # fmt: skip
PRICES = (
    QuoteLine(line_id="L1", amount=Decimal("40")),
    QuoteLine(line_id="L2", amount=Decimal("30.50")),
)
QUOTE = {"quote_id": "Q1", "lines": PRICES, "currency": "EUR", "expires_at": T0 + DAY}
[QUOTED] = decide.quote(
    reduce(lambda s, d: evolve(s, d, T0), [DRAFTED], Order()),
    **QUOTE, configuration_hash="h1", now=T0,
)  # fmt: skip
PLACED = e.OrderPlaced(quote_id="Q1", total=Decimal("70.50"), currency="EUR")
CUT = e.Step(operation_id="cut", line_id="L1", work_centre="cutting")
SEW = e.Step(operation_id="sew", line_id="L1", work_centre="sewing")
QUEUED = e.OrderQueued(route=(CUT, SEW))
STARTED = r.OperationStarted(operation_id="cut", line_id="L1", work_centre="cutting")
COMPLETED = r.OperationCompleted(
    operation_id="cut", line_id="L1", work_centre="cutting", quantity=1, run_s=60
)
FAILED = r.QualityCheckFailed(check_id="C1", line_id="L1", quantity=1, defect="loose thread")
PASSED = r.QualityCheckPassed(check_id="C2", line_id="L1", quantity=1)
SEW_AGAIN = e.Step(operation_id="sew-2", line_id="L1", work_centre="sewing")
REWORKED = e.ReworkOrdered(check_id="C1", route=(SEW_AGAIN,))
PACKAGING, PACKAGED = r.PackagingStarted(), r.OrderPackaged()
SHIPPED, DELIVERED = r.OrderShipped(), r.OrderDelivered()
PROMISED = e.PromiseMade(p50=T0 + 2 * DAY, p90=T0 + 3 * DAY, basis="clerk")
PAID = r.PaymentRecorded(amount=Decimal("70.50"), currency="EUR")
CHANGE = e.ChangeOrderRequested(
    change_id="X1", line_id="L1", option="monogram", value="sans", delta_price=Decimal("5"),
    delta_days=2, **FACTS,
)  # fmt: skip
PAUSED = e.OperationsPaused(change_id="X1", operations=("cut", "sew"))
RESUMED = e.OperationsResumed(change_id="X1", operations=("cut", "sew"))
APPROVED = e.ChangeOrderApproved(change_id="X1")
IN_PLANT = (DRAFTED, QUOTED, PLACED, QUEUED)
PRODUCED = (*IN_PLANT, STARTED, COMPLETED)
RECEIVED = (*PRODUCED, PASSED, PACKAGED, SHIPPED, DELIVERED)
PIECES = (r.ReturnLine(line_id="L1", product="shirt", quantity=1),)
RETURN = e.ReturnRequested(return_id="R1", lines=PIECES)


@dataclass
class Given:
    order: Order
    events: list | None = None
    refusal: NotAllowed | None = None

    def when(self, command, **arguments):
        try:
            self.events = command(self.order, **arguments)
        except NotAllowed as refusal:
            self.refusal = refusal
        return self

    def then(self, *events):
        assert self.refusal is None
        assert self.events == list(events)

    def refused(self, field, words):
        assert self.refusal is not None
        assert self.refusal.field == field
        assert words in str(self.refusal)


def given(*events):
    """Each event happened at T0, or at the time that stands beside it."""
    order = Order()
    for each in events:
        event, at = each if isinstance(each, tuple) else (each, T0)
        order = evolve(order, event, at)
    return Given(order)


# The configuration.


def test_a_draft_takes_choices():
    given().when(decide.draft, lines=LINES).then(DRAFTED)
    given(DRAFTED).when(decide.choose, choice=MONOGRAM).then(MONOGRAM)
    given(DRAFTED, MONOGRAM).when(decide.clear, choice=CLEARED).then(CLEARED)


def test_a_command_that_changes_nothing_records_nothing():
    given(DRAFTED, MONOGRAM).when(decide.choose, choice=MONOGRAM).then()
    given(DRAFTED).when(decide.clear, choice=CLEARED).then()
    given(DRAFTED, STARCH).when(decide.instruct, instruction=STARCH).then()
    given(DRAFTED, QUOTED).when(decide.quote, **QUOTE, configuration_hash="h1", now=T0).then()
    given(*IN_PLANT).when(decide.place, quote_id="Q1", configuration_hash="?", now=T0).then()
    given(*IN_PLANT, CHANGE).when(decide.request_change, change=CHANGE).then()
    given(*IN_PLANT, CHANGE, APPROVED).when(decide.approve_change, change_id="X1").then()
    given(*RECEIVED, RETURN).when(decide.request_return, return_id="R1", lines=PIECES).then()


def test_an_order_is_drafted_once_with_lines_of_their_own():
    given(DRAFTED).when(decide.draft, lines=LINES).refused("status", "choose another id")
    given().when(decide.draft, lines=LINES[:1] * 2).refused("lines", "L1 is used twice")


def test_a_choice_is_about_a_line_of_the_order():
    given(e.OrderDrafted(lines=LINES[1:])).when(decide.choose, choice=MONOGRAM).refused(
        "line_id", "no line L1: its lines are L2"
    )


@pytest.mark.parametrize(
    ("choice", "open_until", "frozen_by"),
    [
        (FIT, (QUEUED,), (QUEUED, STARTED)),
        (MONOGRAM, (QUEUED, STARTED, COMPLETED), (QUEUED, STARTED, PACKAGING)),
        (MONOGRAM, (), (PACKAGED,)),
    ],
)
def test_a_choice_freezes_when_its_stage_begins(choice, open_until, frozen_by):
    placed = (DRAFTED, QUOTED, PLACED)
    given(*placed, *open_until).when(decide.choose, choice=choice).then(choice)
    given(*placed, *frozen_by).when(decide.choose, choice=choice).refused(
        "stage", "request a change order"
    )


def test_choices_of_delivery_freeze_with_the_shipment_and_choices_in_use_never():
    sms = e.OptionChosen(
        line_id="L1", option="notice", value="sms", **{**FACTS, "stage": "delivery"}
    )
    care = e.OptionChosen(line_id="L1", option="care", value="wool", **{**FACTS, "stage": "in_use"})
    given(*PRODUCED, PASSED, PACKAGED).when(decide.choose, choice=sms).then(sms)
    given(*PRODUCED, PASSED, PACKAGED, SHIPPED).when(decide.choose, choice=sms).refused(
        "stage", "delivery of line L1 has begun"
    )
    given(*RECEIVED).when(decide.choose, choice=care).then(care)


def test_a_frozen_choice_is_not_thawed_by_naming_a_later_stage():
    late = e.OptionChosen(line_id="L1", option="fit", value="wide", **{**FACTS, "stage": "in_use"})
    given(DRAFTED, FIT, QUOTED, PLACED, QUEUED, STARTED).when(decide.choose, choice=late).refused(
        "stage", "pre_manufacture"
    )


# Special instructions.


def test_an_instruction_is_interpreted_and_then_answered():
    given(DRAFTED).when(decide.instruct, instruction=STARCH).then(STARCH)
    given(DRAFTED, STARCH).when(
        decide.interpret, **BY_HAND, operations=["no-starch"], confidence=0.9, by="clerk"
    ).then(INTERPRETED)
    given(DRAFTED, STARCH, INTERPRETED).when(decide.accept, instruction_id="I1").then(ACCEPTED)
    given(DRAFTED, STARCH).when(decide.decline, instruction_id="I1", cause="no such thing").then(
        e.SpecialInstructionDeclined(instruction_id="I1", cause="no such thing")
    )
    given(DRAFTED, STARCH).when(decide.accept, instruction_id="I1").refused(
        "instruction_id", "is given: it must be interpreted"
    )
    given(DRAFTED).when(decide.accept, instruction_id="I9").refused("instruction_id", "I9")


PATTY = Meaning(operations=("extra-patty",), amount=Decimal("2.50"))


def reading(confidence, *meanings):
    return Interpretation(meanings=meanings, understood=1.0, confidence=confidence, by="rules.v1")


def test_an_unsure_interpretation_is_left_to_a_person():
    fields = {"instruction_id": "I1", "operations": ("extra-patty",), "meanings": (PATTY,),
              "by": "rules.v1", "understood": 1.0}  # fmt: skip
    sure = e.SpecialInstructionInterpreted(**fields, confidence=0.9)
    unsure = e.SpecialInstructionInterpreted(**fields, confidence=0.89, unsure=True)
    arguments = {**BY_HAND, "interpretation": reading(0.9, PATTY)}
    given(DRAFTED, STARCH).when(decide.interpret, **arguments).then(sure)
    arguments = {**BY_HAND, "interpretation": reading(0.89, PATTY)}
    given(DRAFTED, STARCH).when(decide.interpret, **arguments).then(unsure)
    assert sure.amount == Decimal("2.50")
    given(DRAFTED, STARCH, unsure).when(decide.accept, instruction_id="I1").refused(
        "instruction_id", "is unsure: it must be interpreted"
    )
    given(DRAFTED, STARCH, unsure, INTERPRETED).when(decide.accept, instruction_id="I1").then(
        ACCEPTED
    )
    given(DRAFTED, STARCH, unsure).when(decide.decline, instruction_id="I1").then(
        e.SpecialInstructionDeclined(instruction_id="I1")
    )
    [nothing] = decide.interpret(
        given(DRAFTED, STARCH).order, **BY_HAND | {"interpretation": reading(1.0)}
    )
    assert nothing.unsure


def test_a_person_who_interprets_is_named_and_gives_a_price_or_takes_the_books():
    def refused(field, words, **arguments):
        given(DRAFTED, STARCH).when(decide.interpret, **BY_HAND | arguments).refused(field, words)

    refused("operations", "cannot be read any more")
    refused("by", "name the operations too", interpretation=reading(1.0, PATTY), by="clerk")
    refused("by", "say who", operations=["extra-patty"])
    priced = {"operations": ["extra-patty", "rare"], "by": "clerk", "amount": Decimal(3)}
    refused("amount", "needs a currency", **priced)
    refused("currency", "priced in EUR", **priced, currency="GBP", book=BURGERS)
    [by_hand] = decide.interpret(given(DRAFTED, STARCH).order, **BY_HAND | priced, currency="EUR")
    assert (by_hand.amount, by_hand.confidence) == (3, 1.0)
    del priced["amount"]
    [by_book] = decide.interpret(
        given(DRAFTED, STARCH).order, **BY_HAND | priced | {"book": BURGERS}
    )
    assert [m.amount for m in by_book.meanings] == [Decimal("2.50"), None]
    assert (by_book.amount, by_book.currency) == (None, "EUR")


def test_an_order_is_placed_when_every_instruction_is_answered():
    place = {"quote_id": "Q1", "configuration_hash": "h1", "now": T0}
    given(DRAFTED, STARCH, INTERPRETED, QUOTED).when(decide.place, **place).refused(
        "instruction_id", "I1 is open"
    )
    given(DRAFTED, STARCH, INTERPRETED, ACCEPTED, QUOTED).when(decide.place, **place).then(PLACED)


# The price.


def test_a_quote_prices_each_line_once_and_its_trace_sums_to_its_total():
    assert QUOTED.total == sum(t.amount for t in QUOTED.trace) == Decimal("70.50")
    ask = {**QUOTE, "configuration_hash": "h1", "now": T0}
    given(DRAFTED).when(decide.quote, **{**ask, "lines": PRICES[:1]}).refused("lines", "L2")
    given(DRAFTED).when(decide.quote, **{**ask, "lines": PRICES[:1] * 2}).refused("lines", "twice")
    below = (QuoteLine(line_id="L1", amount=Decimal(-1)), PRICES[1])
    given(DRAFTED).when(decide.quote, **{**ask, "lines": below}).refused("lines", "negative")
    given(DRAFTED).when(decide.quote, **{**ask, "expires_at": T0}).refused("expires_at", "later")
    given(DRAFTED, QUOTED).when(decide.quote, **{**ask, "currency": "GBP"}).refused(
        "quote_id", "another quote"
    )


def test_placing_needs_an_unexpired_quote_for_exactly_this_configuration():
    place = {"quote_id": "Q1", "configuration_hash": "h1", "now": T0}
    given(DRAFTED).when(decide.place, **place).refused("quote_id", "no open quote Q1")
    given(DRAFTED, QUOTED).when(decide.place, **place).then(PLACED)
    given(DRAFTED, QUOTED).when(decide.place, **{**place, "now": T0 + DAY}).refused(
        "quote_id", "Q1 expired at 2026-03-02T12:00:00Z"
    )
    given(DRAFTED, QUOTED, MONOGRAM).when(
        decide.place, **{**place, "configuration_hash": "h2"}
    ).refused("quote_id", "has changed since quote Q1")
    given(DRAFTED, QUOTED, e.QuoteExpired(quote_id="Q1")).when(decide.place, **place).refused(
        "quote_id", "expired"
    )
    given().when(decide.place, **place).refused("status", "only a draft")


def test_a_quote_expires_once_and_only_while_it_is_open():
    late = {"quote_id": "Q1", "now": T0 + DAY}
    given(DRAFTED, QUOTED).when(decide.expire_quote, **{**late, "now": T0}).then()
    expired = e.QuoteExpired(quote_id="Q1")
    given(DRAFTED, QUOTED).when(decide.expire_quote, **late).then(expired)
    given(DRAFTED, QUOTED, expired).when(decide.expire_quote, **late).then()
    given(DRAFTED, QUOTED, PLACED).when(decide.expire_quote, **late).then()


# The date.


def test_a_promise_is_made_revised_kept_or_missed():
    dates = {"p50": PROMISED.p50, "p90": PROMISED.p90, "basis": "clerk"}
    placed = (DRAFTED, QUOTED, PLACED)
    given(*placed).when(decide.promise, **dates).then(PROMISED)
    given(*placed, PROMISED).when(decide.promise, **dates).then()
    later = {**dates, "p90": PROMISED.p90 + DAY}
    given(*placed, PROMISED).when(decide.promise, **later).then(e.PromiseRevised(**later))
    given(DRAFTED).when(decide.promise, **dates).refused("status", "place it first")
    given(*placed).when(decide.promise, **{**dates, "p90": T0}).refused("p90", "before p50")


@pytest.mark.parametrize(
    ("events", "now", "outcome"),
    [
        ([], 3, None),
        ([], 4, "missed"),
        ([(DELIVERED, 3)], 9, "kept"),
        ([(DELIVERED, 4)], 4, "missed"),
        ([(e.PromiseMissed(promised=PROMISED.p90), 4)], 9, None),
        ([(e.PromiseMissed(promised=PROMISED.p90), 4), (DELIVERED, 3)], 9, "kept"),
        ([(e.OrderCancelled(), 1)], 9, None),
    ],
)
def test_a_promise_is_settled_by_its_day(events, now, outcome):
    dated = [(event, T0 + day * DAY) for event, day in events]
    settled = given(DRAFTED, QUOTED, PLACED, PROMISED, *dated).when(
        decide.settle_promise, now=T0 + now * DAY
    )
    kinds = {e.PromiseKept: "kept", e.PromiseMissed: "missed"}
    assert [kinds[type(event)] for event in settled.events] == ([outcome] if outcome else [])


# Changes to what is agreed.


def test_a_change_order_pauses_what_it_touches_until_it_is_answered():
    given(*IN_PLANT).when(decide.request_change, change=CHANGE).then(CHANGE, PAUSED)
    given(*IN_PLANT, CHANGE, PAUSED).when(decide.reject_change, change_id="X1").then(
        e.ChangeOrderRejected(change_id="X1"), RESUMED
    )
    given(DRAFTED).when(decide.request_change, change=CHANGE).refused("status", "place it first")
    given(*IN_PLANT).when(decide.approve_change, change_id="X1").refused("change_id", "no change")


def test_an_approved_change_requotes_repromises_and_alters_a_frozen_choice():
    before = (DRAFTED, MONOGRAM, QUOTED, PLACED, PROMISED, QUEUED, STARTED, PACKAGING)
    touched = e.OperationsPaused(change_id="X1", operations=("cut", "sew"))
    approval = given(*before, CHANGE, touched).when(decide.approve_change, change_id="X1")
    later = e.PromiseRevised(p50=T0 + 4 * DAY, p90=T0 + 5 * DAY, basis="X1")
    approval.then(APPROVED, later, RESUMED)
    order = given(*before, CHANGE, touched, APPROVED, later, RESUMED).order
    assert order.options["L1", "monogram"].value == "sans"
    assert order.progress.total == Decimal("75.50")
    assert not any(o.paused_by for o in order.progress.operations)


def test_a_change_order_is_answered_once():
    rejected = e.ChangeOrderRejected(change_id="X1")
    given(*IN_PLANT, CHANGE, rejected).when(decide.approve_change, change_id="X1").refused(
        "change_id", "rejected already"
    )
    given(*IN_PLANT, CHANGE, APPROVED).when(decide.reject_change, change_id="X1").refused(
        "change_id", "approved already"
    )


def test_cancelling_is_free_before_it_is_queued_and_carries_the_sunk_cost_after():
    given(DRAFTED).when(decide.cancel).then(e.OrderCancelled())
    given(DRAFTED, QUOTED, PLACED).when(decide.cancel).then(e.OrderCancelled(currency="EUR"))
    given(DRAFTED).when(decide.cancel, sunk_cost=Decimal(5)).refused("sunk_cost", "nothing is")
    given(*IN_PLANT).when(decide.cancel).refused("sunk_cost", "give the cost so far")
    given(*IN_PLANT).when(decide.cancel, sunk_cost=Decimal(-1)).refused("sunk_cost", "negative")
    cancelled = e.OrderCancelled(sunk_cost=Decimal(5), currency="EUR")
    given(*IN_PLANT).when(decide.cancel, sunk_cost=Decimal(5)).then(cancelled)
    given(*IN_PLANT, cancelled).when(decide.cancel).then()
    given(*IN_PLANT, SHIPPED).when(decide.cancel).refused("status", "shipped")
    closed = given(*PRODUCED, cancelled).order.progress.operations
    assert [o.closed is not None for o in closed] == [False, True]


# The plant, and what comes back.


def test_an_order_is_queued_when_it_is_placed_each_operation_once():
    given(DRAFTED).when(decide.queue, route=[CUT]).refused("status", "place it first")
    given(DRAFTED, QUOTED, PLACED).when(decide.queue, route=[CUT, SEW]).then(QUEUED)
    given(DRAFTED, QUOTED, PLACED).when(decide.queue, route=[CUT, CUT]).refused("route", "cut is")


def test_rework_points_at_its_failed_check_and_escalates_after_three_tries():
    ask = {"check_id": "C1", "route": [SEW_AGAIN]}
    given(*PRODUCED, FAILED).when(decide.rework, **ask).then(REWORKED)
    given(*PRODUCED, FAILED, REWORKED).when(decide.rework, **ask).then()
    given(*PRODUCED, PASSED).when(decide.rework, **{**ask, "check_id": "C2"}).refused(
        "check_id", "no check C2 failed"
    )
    tries = []
    for n in range(3):
        step = e.Step(operation_id=f"again-{n}", line_id="L1", work_centre="sewing")
        failed = r.QualityCheckFailed(check_id=f"F{n}", line_id="L1", quantity=1, defect="thread")
        tries += [failed, e.ReworkOrdered(check_id=f"F{n}", route=(step,))]
    given(*PRODUCED, *tries, FAILED).when(decide.rework, **ask).then(
        e.ReworkEscalated(check_id="C1", tries=3)
    )
    given(*PRODUCED, *tries, FAILED).when(decide.rework, **ask, most=4).then(REWORKED)


def test_good_scrap_and_outstanding_pieces_sum_to_what_was_ordered():
    def tally(*events):
        line = given(*PRODUCED, *events).order.progress.line("L1")
        return line.good, line.scrap, line.outstanding

    assert tally() == (0, 0, 1)
    assert tally(FAILED) == (0, 1, 0)
    assert tally(FAILED, REWORKED) == (0, 0, 1)
    assert tally(FAILED, REWORKED, PASSED) == (1, 0, 0)


def test_a_return_needs_delivery_and_no_more_comes_back_than_was_sold():
    ask = {"return_id": "R1", "lines": PIECES}
    given(*RECEIVED).when(decide.request_return, **ask).then(RETURN)
    given(*PRODUCED).when(decide.request_return, **ask).refused("status", "not delivered")
    two = (r.ReturnLine(line_id="L1", product="shirt", quantity=2),)
    given(*RECEIVED).when(decide.request_return, return_id="R1", lines=two).refused(
        "lines", "only 1"
    )
    other = (r.ReturnLine(product="hat", quantity=1),)
    given(*RECEIVED).when(decide.request_return, return_id="R1", lines=other).refused(
        "lines", "names the lines"
    )


def test_refunds_never_exceed_what_was_paid():
    ask = {"refund_id": "F1", "amount": Decimal("70.50"), "currency": "EUR"}
    refunded = e.RefundIssued(**ask)
    given(*RECEIVED, PAID).when(decide.refund, **ask).then(refunded)
    given(*RECEIVED).when(decide.refund, **ask).refused("amount", "only 0 is left")
    given(*RECEIVED, PAID, refunded).when(decide.refund, **ask).then()
    given(*RECEIVED, PAID, refunded).when(decide.refund, **{**ask, "refund_id": "F2"}).refused(
        "amount", "only 0.00 is left"
    )
    given(*RECEIVED, PAID).when(decide.refund, **{**ask, "currency": "GBP"}).refused(
        "currency", "in EUR"
    )
    given(*RECEIVED, PAID).when(decide.refund, **ask, return_id="R9").refused("return_id", "R9")
    given(*RECEIVED, PAID).when(decide.refund, **{**ask, "amount": Decimal(0)}).refused(
        "amount", "above zero"
    )


# Reports are never refused; the rules that they break are named.

SOLD = r.OrderLineAdopted(
    line_id="1", product="lantern", quantity=6, unit_price=Decimal("3.399"), currency="GBP",
    origin="till",
)  # fmt: skip
REPORTED = r.ReturnReported(lines=(r.ReturnLine(line_id="1", product="lantern", quantity=7),))
CANCELLED = e.OrderCancelled()


@pytest.mark.parametrize(
    ("events", "rules"),
    [
        ((*IN_PLANT, STARTED), []),
        ((DRAFTED, QUOTED, PLACED, STARTED), ["started-without-being-queued"]),
        ((*IN_PLANT, STARTED, STARTED), ["started-twice"]),
        ((*IN_PLANT, COMPLETED), ["completed-without-being-started"]),
        ((*PRODUCED, COMPLETED), ["completed-twice"]),
        ((*IN_PLANT, CHANGE, PAUSED, STARTED), ["worked-on-while-paused"]),
        ((*IN_PLANT, CANCELLED, STARTED), ["reported-after-cancelling"]),
        ((*PRODUCED, PASSED), []),
        ((*PRODUCED, PASSED, FAILED), ["more-checked-than-ordered"]),
        ((*PRODUCED, PACKAGED), ["packaged-without-a-passed-check"]),
        ((*PRODUCED, FAILED, PACKAGED), ["packaged-without-a-passed-check"]),
        ((*PRODUCED, FAILED, REWORKED, PASSED, PACKAGED), []),
        ((*PRODUCED, PASSED, SHIPPED), ["shipped-without-being-packaged",
                                    "shipped-with-open-operations"]),
        ((DELIVERED,), ["delivered-without-being-shipped"]),
        ((*IN_PLANT, r.OperationQueued(operation_id="cut", line_id="L1", work_centre="cutting")),
         ["queued-twice"]),
        ((*RECEIVED, r.CustomizationAppliedInUse(line_id="L1", option="care", value="wool")), []),
        ((DRAFTED, r.CustomizationAppliedInUse(line_id="L1", option="care", value="wool")),
         ["applied-before-delivery"]),
        ((*RECEIVED, RETURN, r.ReturnReceived(return_id="R1", lines=PIECES)), []),
        ((*RECEIVED, r.ReturnReceived(lines=PIECES)), ["returned-without-a-request"]),
        ((REPORTED,), ["return-fits-no-sale"]),
        ((SOLD, REPORTED), ["returned-more-than-sold"]),
        ((SOLD, SHIPPED, DELIVERED), []),
        ((SOLD, SOLD), ["line-adopted-twice"]),
        ((DRAFTED, QUOTED, PLACED, r.PaymentRecorded(amount=Decimal(1), currency="USD")),
         ["another-currency"]),
        ((DRAFTED, QUOTED, PLACED, PAID, PAID), ["paid-more-than-agreed"]),
    ],
)  # fmt: skip
def test_the_rules_that_a_report_breaks_are_named(events, rules):
    *before, last = events
    assert unexpected(given(*before).order.progress, last) == rules


def test_lines_sold_in_another_system_are_summed_exactly():
    order = given(SOLD, r.OrderAdjusted(amount=Decimal("-0.001"), currency="GBP", cause="rounding"))
    assert order.order.progress.total == Decimal("20.394")
    assert order.order.progress.adjusted == Decimal("-0.001")
    assert order.order.status is Status.PLACED


def test_an_order_goes_through_all_its_statuses():
    way = (
        (DRAFTED, "draft"), (QUOTED, "quoted"), (MONOGRAM, "draft"), (QUOTED, "quoted"),
        (PLACED, "placed"), (QUEUED, "queued"), (STARTED, "in_production"),
        (COMPLETED, "in_production"), (FAILED, "quality_check"), (REWORKED, "rework"),
        (PASSED, "quality_check"), (PACKAGING, "quality_check"), (PACKAGED, "packaged"),
        (SHIPPED, "shipped"), (DELIVERED, "delivered"),
        (r.CustomizationAppliedInUse(line_id="L1", option="care", value="wool"), "in_use"),
        (r.ReturnReceived(lines=PIECES), "returned"),
    )  # fmt: skip
    order = Order()
    for event, status in way:
        order = evolve(order, event, T0)
        assert order.status == status
