"""Every event type: its name, the privacy of its fields, its purpose and its docstring."""

import dataclasses
import typing

import msgspec
import pytest
from pydantic import TypeAdapter

import domain.catalogue.events
import domain.customer.events
import domain.design.events
import domain.order.events
import domain.parked.events  # noqa: F401
from domain.event import TYPES, Cursor, Event, Kind, Position, Recorded, event
from domain.personal import PERSONAL, privacy_of
from domain.values import PURPOSES
from projections import discover


def fields(cls):
    hints = typing.get_type_hints(cls, include_extras=True)
    names = getattr(cls, "__struct_fields__", None) or [f.name for f in dataclasses.fields(cls)]
    return {name: hints[name] for name in names}


def nested(annotation):
    """The dataclasses and Structs that a field's type reaches."""
    if isinstance(annotation, type) and (
        dataclasses.is_dataclass(annotation) or issubclass(annotation, msgspec.Struct)
    ):
        yield annotation
        for hint in fields(annotation).values():
            yield from nested(hint)
    for argument in typing.get_args(annotation):
        yield from nested(argument)


DATA = [pytest.param(t.cls, id=t.name) for t in TYPES.values()]


VIEWS = dict.fromkeys(cls for p in discover().values() for cls in nested(p.row))
ROWS = [pytest.param(cls, id=cls.__name__) for cls in VIEWS if cls.__name__ != "Erased"]


@pytest.mark.parametrize("cls", [Event, Position, Cursor, Recorded, *DATA, *ROWS])
def test_every_field_has_a_privacy_class(cls):
    unmarked = [name for name, hint in fields(cls).items() if privacy_of(hint) is None]
    assert unmarked == []


@pytest.mark.parametrize("cls", DATA)
def test_no_personal_field_is_nested_where_it_would_not_be_sealed(cls):
    for hint in fields(cls).values():
        for inner in nested(hint):
            if privacy_of(hint) is PERSONAL:
                assert inner.__name__ == "Erased"
            else:
                assert all(privacy_of(h) not in (None, PERSONAL) for h in fields(inner).values())


@pytest.mark.parametrize("cls", DATA)
def test_every_event_has_a_docstring_which_its_schema_shows(cls):
    assert TypeAdapter(cls).json_schema().get("description", "").endswith(".")


def test_every_version_of_an_event_needs_the_same_purpose():
    needs = {(name.rpartition(".v")[0], t.needs) for name, t in TYPES.items()}
    assert len(needs) == len({noun_and_verb for noun_and_verb, _ in needs})
    assert {purpose for _, purpose in needs} - {None} <= set(PURPOSES)


def test_an_event_without_a_decision_about_its_purpose_cannot_be_registered():
    with pytest.raises(TypeError, match="needs"):
        event("order.order-photographed.v1", Kind.REPORT)


def test_no_report_needs_a_purpose():
    assert [t.name for t in TYPES.values() if t.kind is Kind.REPORT and t.needs] == []


def test_a_wire_name_is_never_used_again():
    with pytest.raises(ValueError, match="never used again"):
        event("order.order-placed.v1", Kind.DECISION, needs="fulfil")(type("Again", (), {}))


def test_a_cursor_is_read_as_it_was_written():
    cursor = Cursor(2, (0, 17, 4_000_000_000))
    assert Cursor.parse(str(cursor)) == cursor
    with pytest.raises(ValueError, match=r"."):
        Cursor.parse("no cursor")
