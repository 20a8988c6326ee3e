"""An order that a book prices: quoted, placed and changed under that version of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal as D

import pytest

from domain.free_text.interpretation import Meaning
from domain.order import decide
from domain.order import events as e
from domain.order.decide.quoting import Rate
from domain.order.progress import Status
from domain.pricing.engines import CURRENT
from domain.pricing.proof import proof
from domain.pricing.quote import QuoteLine
from tests.unit.books import T0, book, rule, term
from tests.unit.test_order import ACCEPTED, FACTS, LINES, STARCH, given

BOOK = book(rule("shirt", "base", amount="80.00"),
            rule("silk", "option", term("fabric", "silk"), amount="19.99"),
            rule("letters", "parametric", per="monogram", amount="1.50"),
            rule("spring", "time", ends=T0 + timedelta(days=1), share="-0.1"))  # fmt: skip
DEARER = replace(BOOK, version=2, prices=(rule("shirt", "base", amount="99.00"),))
DRAFTED = e.OrderDrafted(lines=LINES, book="shop")
EARLY = {**FACTS, "stage": "pre_manufacture"}
SILK = e.OptionChosen(line_id="L1", option="fabric", value="silk", **EARLY)
COTTON = replace(SILK, value="cotton")
LETTERS = e.OptionChosen(line_id="L2", option="monogram", value="serif", text="A.B.", **FACTS)
READ = e.SpecialInstructionInterpreted(
    instruction_id="I1", operations=("no-starch",), confidence=1, by="clerk", currency="EUR",
    meanings=(Meaning(operations=("no-starch",), amount=D("0.50")),),
)  # fmt: skip
REQUEST = {"quote_id": "Q1", "expires_at": T0 + timedelta(hours=1), "configuration_hash": "h"}
CHANGE = e.ChangeOrderRequested(
    change_id="X1", line_id="L1", option="fabric", value="cotton", **EARLY
)


def quoted(*events, under=BOOK, now=T0, **arguments):
    [issued] = decide.quote(given(*events).order, book=under, now=now, **{**REQUEST, **arguments})
    return issued


def test_a_book_prices_choices_and_accepted_instructions():
    issued = quoted(DRAFTED, SILK, LETTERS, STARCH, READ, ACCEPTED)
    assert [(li.line_id, li.amount) for li in issued.lines] == [("L1", D("90.44")),
                                                                ("L2", D("77.85"))]  # fmt: skip
    assert (issued.total, issued.currency) == (D("168.29"), "EUR")
    assert issued.engine_version == CURRENT.VERSION
    request = CURRENT.price_request(issued.inputs)
    assert (request.book, request.version, request.conditions.clock) == ("shop", 1, T0)
    assert request.selections[1].lengths == {"monogram": 4}
    assert "A.B." not in str(issued.inputs)
    assert proof(issued, lambda *_: BOOK) == []
    assert proof(issued, lambda *_: DEARER)


def test_an_instruction_that_is_not_accepted_costs_nothing():
    assert quoted(DRAFTED, STARCH, READ).total == quoted(DRAFTED).total


@pytest.mark.parametrize(
    ("arguments", "field", "message"),
    [
        ({"lines": [QuoteLine(line_id="L1", amount=D(1))]}, "lines", "priced by the book shop"),
        ({"currency": "USD"}, "currency", "the book is in EUR"),
        ({"load": D("-0.1")}, "load", "a load is not negative"),
        ({"rates": [Rate(currency="USD", rate=D(0))]}, "rates", "above zero"),
        ({"rates": [Rate(currency="EUR", rate=D(1))]}, "rates", "a foreign currency"),
        ({"expires_at": T0}, "expires_at", "has expired already"),
    ],
)
def test_arguments_that_do_not_go_with_a_book_are_refused(arguments, field, message):
    given(DRAFTED).when(decide.quote, book=BOOK, now=T0, **{**REQUEST, **arguments}).refused(
        field, message
    )


def test_an_instruction_in_another_currency_is_refused():
    dollars = replace(READ, currency="USD")
    given(DRAFTED, STARCH, dollars, ACCEPTED).when(
        decide.quote, book=BOOK, now=T0, **REQUEST
    ).refused("currency", "priced in USD, and the book in EUR")


def test_without_a_book_only_given_prices_are_accepted():
    bare = e.OrderDrafted(lines=LINES)
    for arguments, message in (
        ({}, "name the currency"), ({"currency": "EUR"}, "price each line"),
        ({"load": D(1), "currency": "EUR"}, "no book prices the order"),
    ):  # fmt: skip
        outcome = given(bare).when(decide.quote, now=T0, **{**REQUEST, **arguments})
        assert message in str(outcome.refusal)


def test_repeating_a_quote_later_records_nothing():
    issued = quoted(DRAFTED, load=D("0.5"))
    again = given(DRAFTED, issued)
    later = T0 + timedelta(minutes=5)
    again.when(decide.quote, book=BOOK, now=later, **REQUEST, load=D("0.5")).then()
    again = given(DRAFTED, issued)
    again.when(decide.quote, book=BOOK, now=later, **REQUEST, load=D("0.6")).refused(
        "quote_id", "names another quote"
    )


def test_a_change_is_priced_on_the_terms_of_the_order():
    issued = quoted(DRAFTED, SILK)
    placed = e.OrderPlaced(quote_id="Q1", total=issued.total, currency="EUR")
    order = given(DRAFTED, SILK, issued, placed).order
    assert order.book_reference == ("shop", 1)
    [change] = decide.request_change(order, change=CHANGE, book=BOOK)
    assert change.delta_price == D("-17.99"), "of 19.99 spring had taken 10 %"
    assert change.requote.before == issued.total
    assert change.requote.total == issued.total - D("17.99")
    assert proof(change.requote, lambda *_: BOOK) == []
    # The same request again, with or without its requote, and after it was approved.
    after = given(
        DRAFTED, SILK, issued, placed, change, e.ChangeOrderApproved(change_id="X1")
    ).order
    assert decide.request_change(after, change=CHANGE, book=BOOK) == []
    assert decide.request_change(after, change=change, book=BOOK) == []
    [back] = decide.request_change(
        after, change=replace(CHANGE, change_id="X2", value="silk"), book=BOOK
    )
    assert (back.delta_price, back.requote.before) == (D("17.99"), change.requote.total)


def test_a_sender_cannot_name_the_price_of_a_change():
    issued = quoted(DRAFTED, SILK)
    placed = e.OrderPlaced(quote_id="Q1", total=issued.total, currency="EUR")
    events = (DRAFTED, SILK, issued, placed)
    given(*events).when(
        decide.request_change, change=replace(CHANGE, delta_price=D(-5)), book=BOOK
    ).refused("delta_price", "the book makes the change -17.99 EUR")
    [change] = decide.request_change(given(*events).order, change=CHANGE, book=BOOK)
    given(*events).when(
        decide.request_change, change=replace(change, change_id="X9"), book=BOOK
    ).refused("requote", "computed, not given")


def test_a_placed_order_changes_without_a_change_order_only_at_the_same_price():
    issued = quoted(DRAFTED, SILK, LETTERS)
    placed = e.OrderPlaced(quote_id="Q1", total=issued.total, currency="EUR")
    events = (DRAFTED, SILK, LETTERS, issued, placed)
    given(*events).when(decide.choose, choice=COTTON, book=BOOK).refused(
        "choice", "by -17.99 EUR: request a change order"
    )
    cleared = e.OptionCleared(line_id="L1", option="fabric", **EARLY)
    given(*events).when(decide.clear, choice=cleared, book=BOOK).refused("choice", "-17.99 EUR")
    other = replace(LETTERS, text="C.D.")
    given(*events).when(decide.choose, choice=other, book=BOOK).then(other)
    assert given(*events).order.status is Status.PLACED


def test_a_change_is_approved_only_at_the_price_that_it_was_requested_with():
    """Of two that are open, the first to be approved may change what the second one costs."""
    both = replace(BOOK, prices=(*BOOK.prices, rule(
        "both", "combination", term("fabric", "silk"), term("collar", "mao"), amount="10.00"
    )))  # fmt: skip
    start = quoted(DRAFTED, COTTON, under=both)
    placed = e.OrderPlaced(quote_id="Q1", total=start.total, currency="EUR")
    events = [DRAFTED, COTTON, start, placed]
    for id, option, value in (("X1", "fabric", "silk"), ("X2", "collar", "mao")):
        request = replace(CHANGE, change_id=id, option=option, value=value)
        events += decide.request_change(given(*events).order, change=request, book=both)
    events += decide.approve_change(given(*events).order, change_id="X1", book=both)
    given(*events).when(decide.approve_change, change_id="X2", book=both).refused(
        "change_id", "would make 9.00 EUR instead of 0.00: request it again"
    )
