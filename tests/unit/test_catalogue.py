"""What may be decided about a catalogue, and what its versions say at a time."""

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


def then(catalogue, decision, at=T, **said):
    events = decision(catalogue, **said)
    return reduce(lambda state, event: evolve(state, event, at), events, catalogue)


def drafted(catalogue, *options, products=("p",), actor="ann"):
    return then(
        catalogue, decide.draft, currency="EUR", products=products, options=options,
        prices=[BASE], named="hats", actor=actor, now=T,
    )  # fmt: skip


def published(catalogue, version, begins, now=T):
    approved = then(catalogue, decide.approve, version=version, actor="bob")
    return then(
        approved, decide.publish, version=version, effective_from=begins, actor="ann", now=now
    )


ONE = published(drafted(Catalogue(), HAT), 1, T)
TWO = published(drafted(ONE), 2, T + 10 * DAY)


def test_the_version_that_has_begun_holds_until_the_next_one_begins():
    assert TWO.current(T - DAY) is None
    assert TWO.current(T).version == 1
    assert TWO.current(T + 9 * DAY).version == 1
    assert TWO.current(T + 10 * DAY).version == 2


def test_what_a_version_says_already_is_not_drafted_again():
    assert drafted(TWO) is TWO


@pytest.mark.parametrize(
    ("words", "version", "begins"),
    [
        ("two books cannot overlap", 3, T + 10 * DAY),
        ("two books cannot overlap", 3, T + 5 * DAY),
        ("cannot begin in the past", 3, T - DAY),
        ("was published from 2026-03-11T00:00:00Z on and never changes", 2, T + 20 * DAY),
        ("there is no version 9", 9, T + 20 * DAY),
    ],
)
def test_books_do_not_overlap_and_never_change(words, version, begins):
    three = then(drafted(TWO, HAT), decide.approve, version=3, actor="bob")
    with pytest.raises(NotAllowed, match=words):
        decide.publish(three, version=version, effective_from=begins, actor="ann", now=T)


def test_an_older_draft_is_not_published_after_a_newer_one():
    both = drafted(drafted(Catalogue(), HAT))
    newer = published(both, 2, T)
    approved = then(newer, decide.approve, version=1, actor="bob")
    with pytest.raises(NotAllowed, match="version 2 was published already"):
        decide.publish(approved, version=1, actor="ann", now=T + DAY)


def test_what_is_withdrawn_is_gone_from_what_is_offered_and_from_nothing_else():
    gone = then(ONE, decide.withdraw, option="hat", values=["red"], actor="ann")
    assert gone.current(T).withdrawn == (Term(option="hat", values=("red",)),)
    assert gone.versions[0].book == ONE.versions[0].book
    assert then(gone, decide.withdraw, option="hat", values=["red"], actor="bob") is gone
    later = drafted(gone, HAT, replace(HAT, option="scarf"))
    assert later.latest.offered.withdrawn == ()
    with pytest.raises(NotAllowed, match="hat has no value green: it has red, blue"):
        decide.withdraw(ONE, option="hat", values=["green"], actor="ann")
    with pytest.raises(NotAllowed, match="no version offers shoe"):
        decide.withdraw(ONE, option="shoe", actor="ann")


def test_a_large_book_is_a_few_events_of_a_bounded_size():
    many = [
        Option(option=f"o{n}", label="x" * 500, stage="packaging", values=("a", "b"))
        for n in range(500)
    ]
    events = decide.draft(
        Catalogue(), currency="EUR", products=["p"], options=many, prices=[BASE], named="hats",
        actor="ann", now=T,
    )  # fmt: skip
    assert len(events) < 10
    assert max(map(encoded_size, events)) < LARGEST + 1_000
    state = reduce(lambda s, event: evolve(s, event, T), events, Catalogue())
    assert state.latest.book.options == tuple(many)


def test_a_part_that_no_event_holds_is_refused():
    huge = Option(
        option="o", label="O", stage="packaging",
        values=tuple(f"{n:0200d}" for n in range(600)),
    )  # fmt: skip
    with pytest.raises(NotAllowed, match="a part has at most 100000: split it"):
        drafted(Catalogue(), huge)
