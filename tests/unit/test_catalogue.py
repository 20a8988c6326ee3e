"""Decisions about a catalogue, and which version is current at a time."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import reduce

import pytest

from domain.book.book import Option, PriceRule, Term
from domain.book.contents import LARGEST, encoded_size
from domain.catalogue import decide
from domain.catalogue.state import Catalogue, evolve
from domain.errors import NotAllowed

T = datetime(2026, 3, 1, tzinfo=UTC)
DAY = timedelta(days=1)
BASE = PriceRule(rule_id="p", words="P", step="base", amount=1)
HAT = Option(option="hat", label="Hat", stage="packaging", values=("red", "blue"))


def after(catalogue, decision, at=T, **arguments):
    """The catalogue after the events of a decision."""
    events = decision(catalogue, **arguments)
    return reduce(lambda state, event: evolve(state, event, at), events, catalogue)


def drafted(catalogue, *options, products=("p",), actor="ann"):
    return after(
        catalogue, decide.draft, currency="EUR", products=products, options=options,
        prices=[BASE], subject_id="hats", actor=actor, now=T,
    )  # fmt: skip


def published(catalogue, version, start, now=T):
    approved = after(catalogue, decide.approve, version=version, actor="bob")
    return after(
        approved, decide.publish, version=version, effective_from=start, actor="ann", now=now
    )


ONE = published(drafted(Catalogue(), HAT), 1, T)
TWO = published(drafted(ONE), 2, T + 10 * DAY)


def test_a_version_is_current_until_the_next_one_becomes_effective():
    assert TWO.current(T - DAY) is None
    assert TWO.current(T).version == 1
    assert TWO.current(T + 9 * DAY).version == 1
    assert TWO.current(T + 10 * DAY).version == 2


def test_a_draft_with_the_contents_of_the_latest_version_records_nothing():
    assert drafted(TWO) is TWO


@pytest.mark.parametrize(
    ("message", "version", "start"),
    [
        ("versions do not overlap", 3, T + 10 * DAY),
        ("versions do not overlap", 3, T + 5 * DAY),
        ("cannot become effective in the past", 3, T - DAY),
        ("is published from 2026-03-11T00:00:00Z on, and a published version", 2, T + 20 * DAY),
        ("there is no version 9", 9, T + 20 * DAY),
    ],
)
def test_versions_do_not_overlap_and_never_change(message, version, start):
    three = after(drafted(TWO, HAT), decide.approve, version=3, actor="bob")
    with pytest.raises(NotAllowed, match=message):
        decide.publish(three, version=version, effective_from=start, actor="ann", now=T)


def test_an_older_draft_is_not_published_after_a_newer_one():
    both = drafted(drafted(Catalogue(), HAT))
    newer = published(both, 2, T)
    approved = after(newer, decide.approve, version=1, actor="bob")
    with pytest.raises(NotAllowed, match="version 2 is already published"):
        decide.publish(approved, version=1, actor="ann", now=T + DAY)


def test_a_withdrawal_changes_what_is_offered_and_nothing_else():
    withdrawn = after(ONE, decide.withdraw, option="hat", values=["red"], actor="ann")
    assert withdrawn.current(T).withdrawn == (Term(option="hat", values=("red",)),)
    assert withdrawn.versions[0].book == ONE.versions[0].book
    again = after(withdrawn, decide.withdraw, option="hat", values=["red"], actor="bob")
    assert again is withdrawn
    later = drafted(withdrawn, HAT, replace(HAT, option="scarf"))
    assert later.latest.offered.withdrawn == ()
    with pytest.raises(NotAllowed, match="hat has no value green: it has red, blue"):
        decide.withdraw(ONE, option="hat", values=["green"], actor="ann")
    with pytest.raises(NotAllowed, match="no version has an option shoe"):
        decide.withdraw(ONE, option="shoe", actor="ann")


def test_a_large_book_becomes_few_events_of_a_bounded_size():
    options = [
        Option(option=f"o{n}", label="x" * 500, stage="packaging", values=("a", "b"))
        for n in range(500)
    ]
    events = decide.draft(
        Catalogue(), currency="EUR", products=["p"], options=options, prices=[BASE],
        subject_id="hats", actor="ann", now=T,
    )  # fmt: skip
    assert len(events) < 10
    assert max(map(encoded_size, events)) < LARGEST + 1_000
    state = reduce(lambda s, event: evolve(s, event, T), events, Catalogue())
    assert state.latest.book.options == tuple(options)


def test_an_item_that_is_too_large_for_an_event_is_refused():
    huge = Option(
        option="o", label="O", stage="packaging",
        values=tuple(f"{n:0200d}" for n in range(600)),
    )  # fmt: skip
    with pytest.raises(NotAllowed, match="at most 100000 are allowed: split it"):
        drafted(Catalogue(), huge)
