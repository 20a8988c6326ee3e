"""Events are encoded with personal values sealed, and decoded with them opened or erased."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from domain.customer.events import MeasurementSubmitted, MeasurementSubmittedV1, PreferenceStated
from domain.event import Event, Position, Recorded, event_id
from domain.personal import ERASED
from infra import codec
from infra.keys import OwnerKey

NOW = datetime(2026, 3, 1, 12, 0, 0, 250, tzinfo=UTC)
KEY = OwnerKey.mint()
FACTS = {"origin": "direct", "choice_space": "closed", "target": "product", "stage": "in_use"}
MILK = PreferenceStated(attribute="milk", value="oat-marker", **FACTS)


def event_of(data, **more):
    id = event_id("/shop", "e1")
    more = {"reason": "why-marker", "customerid": "c1", **more}
    return Event(id=id, source="/shop", subject="customer/c1", time=NOW, data=data, **more)


def stored(event):
    return codec.with_position(codec.encode(event, KEY)[0], Position(1, 3, 42), NOW, 1)


def test_an_event_is_decoded_as_it_was_encoded_with_its_position():
    event = event_of(MILK)
    read = codec.decode(stored(event), {"c1": KEY}.get)
    assert read == Recorded(event, Position(1, 3, 42), 1, NOW)


def test_personal_values_are_not_in_the_bytes_and_all_others_are():
    written = stored(event_of(MILK))
    assert b"marker" not in written
    envelope = json.loads(written)
    assert envelope["data"]["attribute"] == "milk"
    assert list(envelope["data"]["value"]) == ["sealed"]
    assert envelope["specversion"] == "1.0"
    assert (envelope["position"], envelope["streamversion"]) == ("1.3.42", 1)


def test_without_the_key_personal_values_are_erased_and_the_rest_is_there():
    read = codec.decode(stored(event_of(MILK)), {}.get)
    assert (read.data.value, read.event.reason) == (ERASED, ERASED)
    assert read.data.attribute == "milk"


def test_a_sealed_value_moved_to_another_field_does_not_open():
    envelope = json.loads(stored(event_of(MILK)))
    envelope["reason"] = envelope["data"]["value"]["sealed"]
    with pytest.raises(ValueError, match="reason does not open"):
        codec.decode(json.dumps(envelope).encode(), {"c1": KEY}.get)


def test_an_old_version_reads_as_the_newest_with_and_without_its_key():
    old = MeasurementSubmittedV1(measurement_id="m1", name="waist", cm=81.25, **FACTS)
    new = MeasurementSubmitted(measurement_id="m1", name="waist", mm=812.5, **FACTS)
    assert codec.decode(stored(event_of(old)), {"c1": KEY}.get).data == new
    assert codec.decode(stored(event_of(old)), {}.get).data.mm == ERASED
