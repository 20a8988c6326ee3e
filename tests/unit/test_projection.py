"""Projections: their handlers, the keys of these, and their discovery."""

from __future__ import annotations

import sys
import types
import typing

import pytest

import projections
from domain.customer.events import ConsentGranted, ContentReused, IntakeSkipped
from domain.event import TYPES, Data
from domain.order.events import OrderCancelled, OrderPlaced
from projections import discover
from projections.keys import by_customer, by_order
from projections.view import AnyEvent, Projection, Row
from tests.unit.log import recorded

HANDLERS = [(p, h) for p in discover().values() for h in p.handlers]
PLACED = recorded("order/7", OrderPlaced(), customer="ann")
CANCELLED = recorded("order/7", OrderCancelled(), customer="ann")


class CountRow(Row, frozen=True, kw_only=True):
    events: int = 0


def counting(**more) -> Projection:
    return Projection("counts", 1, CountRow, answers="How many?", **more)


def add(row: CountRow | None, _: AnyEvent) -> CountRow:
    return CountRow(events=(row.events if row else 0) + 1)


def flat(annotation):
    return set(typing.get_args(annotation)) or {annotation}


@pytest.mark.parametrize(
    ("projection", "handler"), HANDLERS, ids=[f"{p.name}-{h.fold.__name__}" for p, h in HANDLERS]
)
def test_a_handler_is_declared_for_the_types_that_it_takes(projection, handler):
    row, event = list(typing.get_type_hints(handler.fold).values())[:2]
    assert type(None) not in flat(row) or projection.initial(PLACED) is None
    [annotated] = typing.get_args(event)
    declared = {cls for each in handler.types for cls in flat(each)}
    assert all(issubclass(cls, annotated) for cls in declared)
    assert annotated is Data or declared == flat(annotated)


def test_a_projection_knows_the_types_that_it_folds():
    loyalty = discover()["loyalty"]
    assert loyalty.can_change_rows(OrderPlaced)
    assert loyalty.can_change_rows(ContentReused)
    assert not loyalty.can_change_rows(ConsentGranted)
    assert all(discover()["audit"].can_change_rows(t.cls) for t in TYPES.values())


def test_an_event_changes_the_row_of_its_key_and_no_other():
    counts = counting()
    counts.on(OrderPlaced, key=by_order)(add)
    assert counts.fold([PLACED, CANCELLED, PLACED]) == {"7": CountRow(events=2)}
    counts.on(OrderCancelled, key=by_order)(lambda row, event: None)
    assert counts.fold([PLACED, CANCELLED]) == {}


def test_an_event_without_a_key_changes_nothing():
    counts = counting()
    counts.on(Data, key=by_customer)(add)
    assert counts.fold([recorded("order/7", OrderPlaced())]) == {}


def test_handlers_with_one_key_run_in_the_order_of_their_declaration():
    counts = counting(initial=lambda event: CountRow(events=10))
    counts.on(Data, key=by_order)(add)
    counts.on(OrderPlaced, key=by_order)(lambda row, event: CountRow(events=row.events * 2))
    assert counts.fold([PLACED]) == {"7": CountRow(events=22)}
    assert counts.fold([CANCELLED]) == {"7": CountRow(events=11)}


def test_an_event_may_change_a_row_of_each_key_function():
    counts = counting()
    counts.on(OrderPlaced, key=by_order)(add)
    counts.on(OrderPlaced, key=by_customer)(add)
    assert set(counts.fold([PLACED])) == {"7", "ann"}
    with pytest.raises(ValueError, match="counts: handlers of one row need the same key function"):
        counts.fold([recorded("order/ann", OrderPlaced(), customer="ann")])


def test_a_projection_is_narrowed_to_some_keys_of_some_events():
    counts = counting()
    counts.on(Data, key=by_order)(add)
    counts.on(Data, key=by_order)(add)
    narrow = counts.only(lambda event, key: key == "7" and event is not CANCELLED)
    assert narrow.fold([PLACED, CANCELLED, recorded("order/8", OrderPlaced())]) == {
        "7": CountRow(events=2)
    }
    assert narrow.group == counts.group


def test_an_intake_that_is_skipped_to_its_end_is_no_longer_due():
    skipped = recorded("customer/ann", IntakeSkipped(intake_id="I1", question_id="Q1"))
    [(key, fold)] = discover()["due"].steps(skipped)
    assert (key, fold(None, skipped)) == ("customer/ann/intake/I1", None)


def module(monkeypatch, **names):
    """Adds a module to the folder of projections."""
    added = types.ModuleType("projections.more")
    vars(added).update(names)
    monkeypatch.setitem(sys.modules, added.__name__, added)
    modules = [types.SimpleNamespace(name=n) for n in ("audit", "more")]
    monkeypatch.setattr(projections.pkgutil, "iter_modules", lambda path: modules)


def test_a_projection_is_found_whatever_its_variable_is_called(monkeypatch):
    module(monkeypatch, anything=counting())
    assert set(discover()) == {"audit", "counts"}


def test_a_module_with_two_projections_is_refused(monkeypatch):
    module(monkeypatch, one=counting(), other=counting())
    with pytest.raises(TypeError, match="one projection a module, not 2"):
        discover()


def test_a_name_that_is_in_use_is_refused(monkeypatch):
    module(monkeypatch, mine=Projection("audit", 1, CountRow, answers="How many?"))
    with pytest.raises(TypeError, match="there is a view audit already"):
        discover()
