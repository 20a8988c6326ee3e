"""An attribute of the envelope is defined once: the door, the store and the log all have it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from pydantic import TypeAdapter

from consumers.doors.envelope import EVENT_MESSAGE
from consumers.doors.message import parse
from domain.errors import Malformed
from domain.event import Attributes, Event, Position
from infra import codec
from infra.keys import OwnerKey
from tests.golden.sample import sample

KEY = OwnerKey.mint()
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def message(**changes) -> dict[str, Any]:
    """A message with every attribute that a door accepts."""
    schema = TypeAdapter(EVENT_MESSAGE).json_schema()
    schema["properties"]["data"] = {"const": {}}
    whole = sample(schema)
    return {**whole, "type": "order.order-delivered.v1", "subject": "order/7", **changes}


def stored(event: Event) -> bytes:
    return codec.with_position(codec.encode(event, KEY)[0], Position(1, 3, 42), NOW, 1)


def test_every_attribute_of_a_message_is_stored_and_read_back():
    sent = message()
    event = parse(json.dumps(sent).encode()).event("c1")
    envelope = json.loads(stored(event))
    assert sent.keys() - envelope.keys() == {"partitionkey"}
    others = {name for name in sent.keys() & envelope.keys() if sent[name] != envelope[name]}
    assert others == {"id", "customerid", "reason", "dataschema", "datacontenttype"}
    assert codec.decode(stored(event), {"c1": KEY}.get).event == event
    assert all(getattr(event, name) is not None for name in Event.__struct_fields__)


def test_an_attribute_that_is_not_sent_is_not_stored():
    sent = {
        name: value for name, value in message().items() if name in EVENT_MESSAGE.__required_keys__
    }
    event = parse(json.dumps(sent).encode()).event("c1")
    optional = {f.name for f in msgspec.structs.fields(Attributes) if not f.required}
    assert optional & json.loads(stored(event)).keys() == {"customerid"}


@pytest.mark.parametrize("name", sorted(EVENT_MESSAGE.__required_keys__))
def test_a_message_without_a_required_attribute_is_refused(name):
    sent = message()
    del sent[name]
    with pytest.raises(Malformed, match=f"{name}: is missing"):
        parse(json.dumps(sent).encode())
