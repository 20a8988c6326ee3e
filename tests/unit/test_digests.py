"""Stored digests verify for ever: they are those of committed input, whatever fields are added."""

from __future__ import annotations

import inspect
import typing
from dataclasses import fields, make_dataclass, replace

import pytest

import domain.event
from consumers.doors import command_types, deciders
from consumers.doors.deciders import DECIDERS
from consumers.ports.inbox import ReceivedMessage
from domain.book.book import OrderLine
from domain.book.contents import rules_hash
from domain.event import TYPES, strict
from domain.order.events import OrderDrafted
from infra.postgres.store import quarantine
from tests.golden import digests, key
from tests.golden.digests import DIGESTS, TIME, read

EVENTS = sorted(path.stem for path in (DIGESTS / "events").iterdir())
COMMANDS = sorted(path.stem for path in (DIGESTS / "commands").iterdir())
ADD = "run `python -m tests.golden` and commit what it adds"


def test_every_event_type_and_command_has_a_golden_digest():
    assert sorted(TYPES) == EVENTS, ADD
    assert set(command_types.command_types()) == set(map(digests.wire_name, COMMANDS)), ADD


@pytest.mark.parametrize("name", EVENTS)
def test_the_digest_of_an_event(name):
    for case, golden in read(f"events/{name}").items():
        event = digests.event_of(name, golden["data"], full=case == "full")
        assert digests.event_digest(event) == golden["digest"], case


@pytest.mark.parametrize("name", COMMANDS)
def test_the_digest_of_a_command(name):
    for case, golden in read(f"commands/{name}").items():
        command = digests.command_of(name, golden["arguments"], full=case == "full")
        assert digests.command_digest(command) == golden["digest"], case


def test_the_digest_of_a_configuration():
    golden = read("configuration")
    assert digests.configuration_digest(golden["events"]) == golden["digest"]


def test_the_digest_of_the_rules_of_a_book():
    golden = read("rules")
    assert rules_hash(digests.book_of(golden["book"])) == golden["digest"]


def test_the_chain_of_a_partition():
    golden = read("chain")
    assert digests.chain_of(golden["envelopes"]) == golden["digests"]


@pytest.mark.parametrize("name", ["event_id", "recorded_id"])
def test_the_ids_of_events(name):
    assert digests.id_of(read(name)) == read(name)["digest"]


def test_the_digests_under_the_secrets_of_a_deployment():
    external, home = read("external_id"), read("home")
    assert (
        digests.secrets_of(external["secret"]).alias(external["name"]).hex() == external["digest"]
    )
    assert digests.secrets_of(home["secret"]).fingerprint == home["digest"]


def test_the_id_of_a_quarantined_message():
    golden = read("quarantined_message")
    headers = tuple((name, value and value.encode()) for name, value in golden["headers"])
    message = ReceivedMessage(0, 7, TIME, golden["key"].encode(), headers, golden["value"].encode())
    assert str(quarantine._id(message, key())) == golden["digest"]


# A class that has gained a field.


def with_new_field(cls: type) -> type:
    """The class as a later release has it: under the same name, with one more optional field."""
    more = [("added", int | None, None)]
    later = make_dataclass(cls.__name__, more, bases=(cls,), frozen=True, slots=True, kw_only=True)
    return strict(later)


def upgraded(value, cls: type, **more):
    """The value as an object of the later class."""
    return cls(**{f.name: getattr(value, f.name) for f in fields(value)}, **more)


@pytest.mark.parametrize("part", ["options", "inputs", "constraints", "prices", "phrases"])
def test_a_part_of_a_book_may_gain_a_field(part):
    golden = read("rules")
    book = digests.book_of(golden["book"])
    later = with_new_field(type(getattr(book, part)[0]))
    same = replace(book, **{part: tuple(upgraded(each, later) for each in getattr(book, part))})
    assert rules_hash(same) == golden["digest"]
    first, *others = getattr(same, part)
    filled = replace(same, **{part: (replace(first, added=1), *others)})
    assert rules_hash(filled) != golden["digest"]


@pytest.mark.parametrize("name", EVENTS)
def test_an_event_may_gain_a_field(name, monkeypatch):
    register(monkeypatch, name, with_new_field(TYPES[name].cls))
    for case, golden in read(f"events/{name}").items():
        event = digests.event_of(name, golden["data"], full=case == "full")
        assert digests.event_digest(event) == golden["digest"], case
        event = digests.event_of(name, {**golden["data"], "added": 1}, full=case == "full")
        assert digests.event_digest(event) != golden["digest"], case


def test_a_part_of_an_event_may_gain_a_field(monkeypatch):
    name = "order.order-drafted.v1"
    lines = ("lines", tuple[with_new_field(OrderLine), ...])
    later = make_dataclass(
        "OrderDrafted", [lines], bases=(OrderDrafted,), frozen=True, kw_only=True
    )
    register(monkeypatch, name, strict(later))
    golden = read(f"events/{name}")["full"]
    event = digests.event_of(name, golden["data"], full=True)
    assert digests.event_digest(event) == golden["digest"]
    golden["data"]["lines"][1]["added"] = 1
    event = digests.event_of(name, golden["data"], full=True)
    assert digests.event_digest(event) != golden["digest"]


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_may_gain_an_argument(name, with_new_argument):
    with_new_argument(name)
    for case, golden in read(f"commands/{name}").items():
        command = digests.command_of(name, golden["arguments"], full=case == "full")
        assert command.arguments["added"] is None
        assert digests.command_digest(command) == golden["digest"], case
        command = digests.command_of(name, {**golden["arguments"], "added": 1}, full=case == "full")
        assert digests.command_digest(command) != golden["digest"], case


def register(monkeypatch, name: str, cls: type) -> None:
    """Makes a class the data of an event type."""
    later = replace(TYPES[name], cls=cls)
    monkeypatch.setitem(TYPES, name, later)
    monkeypatch.setitem(domain.event._BY_CLASS, cls, later)


@pytest.fixture
def with_new_argument(monkeypatch):
    """Gives the decision of a command one more optional parameter."""
    caches = (
        deciders.parameters,
        command_types.command_types,
        command_types.command_type,
    )

    def upgrade(name: str) -> None:
        kind, _, verb = name.partition(".")
        decision = DECIDERS[kind].decisions[verb]
        signature = inspect.signature(decision)
        new = inspect.Parameter("added", inspect.Parameter.KEYWORD_ONLY, default=None)

        def later(*arguments, **more): ...

        later.__signature__ = signature.replace(parameters=[*signature.parameters.values(), new])
        later.__annotations__ = {
            **typing.get_type_hints(decision, include_extras=True), "added": int | None,
        }  # fmt: skip
        monkeypatch.setitem(DECIDERS[kind].decisions, verb, later)
        for cache in caches:
            cache.cache_clear()

    yield upgrade
    monkeypatch.undo()
    for cache in caches:
        cache.cache_clear()
