"""A door validates a message strictly, and names the wrong field without repeating its value."""

import json

import pytest

from consumers.doors.message import parse
from domain.customer.events import PreferenceStated
from domain.errors import Malformed

GOOD = {
    "specversion": "1.0",
    "id": "e1",
    "source": "/shop",
    "type": "customer.preference-stated.v1",
    "subject": "customer/shop:ann",
    "time": "2026-03-01T12:00:00+01:00",
    "data": {
        "attribute": "milk",
        "value": "oat",
        "origin": "direct",
        "choice_space": "closed",
        "target": "product",
        "stage": "in_use",
    },
}


def line(data=None, **changes):
    message = {**GOOD, **changes, "data": {**GOOD["data"], **(data or {})}}
    return json.dumps({k: v for k, v in message.items() if v is not ...}).encode()


def test_a_valid_message_becomes_an_event():
    message = parse(line())
    event = message.event("c1")
    assert event.data == PreferenceStated(**GOOD["data"])
    assert (message.customer, event.customerid, event.subject) == (
        "shop:ann", "c1", "customer/c1",
    )  # fmt: skip
    assert event.time.isoformat() == "2026-03-01T11:00:00+00:00"
    assert parse(line()).event_id == event.id != parse(line(id="e2")).event_id


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        (b'{"id": "e1"', "no JSON"),
        (b"\xff\xfe", "no JSON"),
        (b'{"a":' * 100_000, "no JSON"),
        (line(id=...), "id: is missing"),
        (line(colour="red"), "colour: is not a field"),
        (line(time="2026-03-01T12:00:00"), "time: the time has no zone"),
        (line(time="2026-03-01T12:00:00.1234567Z"), "at most microseconds"),
        (line(time=1700000000), "time: a time is text"),
        (line(type="customer.preference-sung.v1"), "type: no event has this type"),
        (line(type="order.order-placed.v1"), "type: a decision is not published"),
        (line(subject="order/1"), "subject: an event of this type is about customer/<id>"),
        (line(customerid="shop:bob"), "customerid: it is not the customer"),
        (line({"value": 7}), "data.value: Input should be a valid string"),
        (line({"value": "a\x00b"}), "data.value: String should match pattern"),
        (line({"polarity": "secret"}), "data.polarity: Input should be 'likes' or 'dislikes'"),
        (line({"taste": "secret"}), "data.taste: is not a field"),
        (line({"effort_s": float("nan")}), "no JSON"),
        (line({"effort_s": -1}), "data.effort_s: Input should be greater"),
    ],
)
def test_an_invalid_message_is_refused_with_the_field(bad, words):
    with pytest.raises(Malformed) as refused:
        parse(bad)
    assert words in str(refused.value)
    assert "secret" not in str(refused.value)
