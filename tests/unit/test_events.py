"""Every event type: its name, the privacy of its fields, the purpose it needs."""

import dataclasses
import typing

import pytest

import domain.customer.events
import domain.order.events  # noqa: F401
from domain.customer.consent import NEEDS, PURPOSES, purpose_of
from domain.event import TYPES, Event, Kind, Position, Recorded, event
from domain.personal import PERSONAL, privacy_of


def fields(cls):
    hints = typing.get_type_hints(cls, include_extras=True)
    return {f.name: hints[f.name] for f in dataclasses.fields(cls)}


def nested(annotation):
    """The dataclasses that a field's type reaches."""
    if isinstance(annotation, type) and dataclasses.is_dataclass(annotation):
        yield annotation
    for argument in typing.get_args(annotation):
        yield from nested(argument)


DATA = [pytest.param(t.cls, id=t.name) for t in TYPES.values()]


@pytest.mark.parametrize("cls", [Event, Position, Recorded, *DATA])
def test_every_field_says_how_private_it_is(cls):
    unmarked = [name for name, hint in fields(cls).items() if privacy_of(hint) is None]
    assert unmarked == []


@pytest.mark.parametrize("cls", DATA)
def test_nothing_personal_is_nested_where_it_would_not_be_sealed(cls):
    for hint in fields(cls).values():
        for inner in nested(hint):
            if privacy_of(hint) is PERSONAL:
                assert inner.__name__ == "Erased"
            else:
                assert all(privacy_of(h) not in (None, PERSONAL) for h in fields(inner).values())


def test_the_table_of_purposes_names_every_type_and_no_other():
    assert set(NEEDS) == {name.rpartition(".v")[0] for name in TYPES}
    assert {p for p in NEEDS.values() if p} <= set(PURPOSES)


def test_no_report_needs_a_purpose():
    assert [t.name for t in TYPES.values() if t.kind is Kind.REPORT and purpose_of(t.name)] == []


def test_a_wire_name_is_never_used_again():
    with pytest.raises(ValueError, match="no free wire name"):
        event("order.order-placed.v1", Kind.DECISION)(type("Again", (), {}))
