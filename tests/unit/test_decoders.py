"""pydantic at the doors and msgspec on replay decode alike whatever a door accepts."""

from __future__ import annotations

import functools
import json
import re
from datetime import UTC, datetime, timedelta, timezone
from math import inf, nan

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from consumers.doors.message import parse
from domain.errors import Malformed
from domain.event import TYPES, Event, Kind, Position, event_id, upgrade
from infra import codec
from infra.keys import OwnerKey
from infra.schemas import schema_of
from tests.golden.sample import sample

KEY = OwnerKey.mint()
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
LONG = 300


# Values that the schema of a type allows.


def values(schema, defs):
    if "$ref" in schema:
        return values(defs[schema["$ref"].removeprefix("#/$defs/")], defs)
    if "anyOf" in schema:
        return st.one_of([values(each, defs) for each in schema["anyOf"]])
    if "const" in schema:
        return st.just(schema["const"])
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    return OF_TYPE[schema["type"]](schema, defs)


def objects(schema, defs):
    fields = {name: values(each, defs) for name, each in schema["properties"].items()}
    needed = {name: fields.pop(name) for name in schema.get("required", ())}
    return st.fixed_dictionaries(needed, optional=fields)


def arrays(schema, defs):
    each = values(schema["items"], defs)
    least, most = schema.get("minItems", 0), schema.get("maxItems", LONG)
    few = st.lists(each, min_size=least, max_size=min(most, 5))
    if lists_in(schema["items"], defs):  # long lists of long lists are too much
        return few
    return few | each.map(lambda item: [item] * min(most, LONG))


def lists_in(schema, defs):
    if "$ref" in schema:
        return lists_in(defs[schema["$ref"].removeprefix("#/$defs/")], defs)
    inner = [*schema.get("anyOf", ()), *schema.get("properties", {}).values()]
    return schema.get("type") == "array" or any(lists_in(each, defs) for each in inner)


def strings(schema, defs):
    if "format" in schema:
        return {"uuid": st.uuids().map(str), "date-time": times()}[schema["format"]]
    least, most = schema.get("minLength", 0), schema["maxLength"]
    # `$` is the end for a door; for Python it is also before a last line feed.
    pattern = re.compile(schema.get("pattern", "").replace("$", r"\Z"))
    some = st.from_regex(pattern, alphabet=st.characters(codec="utf-8"))
    odd = [s for s in ("null", '"', "\\u0041", "👩‍👧", "ü" * most) if pattern.search(s)]
    whole = st.sampled_from(odd) if odd else st.nothing()
    return (some | whole).filter(lambda s: least <= len(s) <= most)


def integers(schema, defs):
    least = schema.get("minimum", schema.get("exclusiveMinimum", -1) + 1)
    return st.integers(least, schema.get("maximum"))


def numbers(schema, defs):
    least = schema.get("minimum", schema.get("exclusiveMinimum"))
    most, above = schema["maximum"], "exclusiveMinimum" in schema
    return st.floats(least, most, exclude_min=above) | st.integers(int(least) + above, int(most))


def times():
    def text(local, minutes):
        return local.replace(tzinfo=timezone(timedelta(minutes=minutes))).isoformat()

    # A day from either end: elsewhere it may be another year, which no datetime holds.
    local = st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30))  # noqa: DTZ001
    utc = local.map(lambda t: t.isoformat() + "Z")
    return utc | st.builds(text, local, st.integers(-1439, 1439))


OF_TYPE = {
    "object": objects,
    "array": arrays,
    "string": strings,
    "integer": integers,
    "number": numbers,
    "boolean": lambda schema, defs: st.booleans(),
    "null": lambda schema, defs: st.none(),
}


@functools.cache
def data_of(name):
    schema = schema_of(name)
    return values(schema, schema.get("$defs", {}))


@functools.cache
def adapter(name):
    return TypeAdapter(TYPES[name].cls)


def at_the_door(name, text, reason="why"):
    """The event, if a door accepts the JSON text of its data."""
    noun = name.partition(".")[0]
    if TYPES[name].kind is not Kind.DECISION:
        message = {"id": "1", "source": "/s", "type": name, "subject": f"{noun}/x", "data": 0}
        message |= {"time": "2026-03-01T12:00:00Z", "customerid": "x", "reason": reason}
        return parse(json.dumps(message).replace('"data": 0', f'"data": {text}').encode()).event(
            "x"
        )
    return Event(
        id=event_id("/s", "1"),
        source="/s",
        subject=f"{noun}/x",
        time=NOW,
        customerid="x",
        reason=reason,
        data=adapter(name).validate_json(text),
    )


def decode(name, text):
    return msgspec.json.decode(text, type=TYPES[name].cls)


@pytest.mark.parametrize("name", TYPES)
@settings(deadline=None, max_examples=25)
@given(data=st.data(), escaped=st.booleans(), reason=st.none() | st.sampled_from(["", "ü\n"]))
def test_data_that_the_schema_allows_are_accepted_and_read_back(name, data, escaped, reason):
    sent = data.draw(data_of(name))
    text = json.dumps(sent, ensure_ascii=escaped)
    event = at_the_door(name, text, reason)

    stored = codec.with_position(codec.encode(event, KEY)[0], Position(1, 3, 42), NOW, 1)
    read = codec.decode(stored, {"x": KEY}.get)
    newest = upgrade(event.data)
    # Compared as text too: 5 and 5.0 are equal, and so is a moment in two zones.
    assert (read.data, repr(read.data)) == (newest, repr(newest))
    assert (read.event.time, read.event.reason) == (event.time, event.reason)

    assert decode(name, text) == adapter(name).validate_json(text) == event.data
    written = codec._encode(event.data)
    assert repr(decode(name, written)) == repr(adapter(name).validate_json(written))


def shipped_at(time):
    message = {"id": "1", "source": "/s", "type": "order.order-shipped.v1", "subject": "order/x"}
    return parse(json.dumps({**message, "time": time, "data": {}}).encode()).event(None)


@settings(deadline=None)
@given(time=times())
def test_a_time_of_another_zone_is_kept_in_utc(time):
    event = shipped_at(time)
    read = codec.decode(
        codec.with_position(codec.encode(event, KEY)[0], Position(1, 3, 42), event.time, 1), {}.get
    )
    assert read.event.time == read.recorded == datetime.fromisoformat(time)
    assert repr(read.event.time) == repr(event.time)
    assert event.time.tzinfo is UTC


@pytest.mark.parametrize("time", ["0001-01-01T00:00:00+01:00", "9999-12-31T23:59:59-01:00"])
def test_a_time_outside_the_years_of_utc_is_refused(time):
    with pytest.raises(Malformed, match="time: "):
        shipped_at(time)


@pytest.mark.parametrize("name", [n for n, t in TYPES.items() if t.upcast])
@settings(deadline=None)
@given(data=st.data())
def test_data_of_an_old_version_are_valid_in_the_newest(name, data):
    old = adapter(name).validate_json(json.dumps(data.draw(data_of(name))))
    new = upgrade(old)
    assert TypeAdapter(type(new)).validate_json(codec._encode(new)) == new


# Values that a door refuses.

NO_TEXT = (7, 1.5, True, None, [], {}, {"sealed": "AAAA"}, "a\x00b", "\ud800")
NO_NUMBER = ("7", "", True, None, [7], {}, {"sealed": "AAAA"}, nan, inf, -inf, -1e12, 1e12)
NO_TIME = (
    *("2026-03-01T12:00:00", "2026-03-01", "2026-03-01 12:00:00Z", "2026-03-01T12:00Z"),
    *("2026-03-01T12:00:00.1234567Z", "2026-02-30T12:00:00Z", "2026-03-01T12:00:00+25:00"),
    *("1700000000", 1700000000, 1.7e9),
)
WRONG = {
    "string": NO_TEXT,
    "uuid": (*NO_TEXT, "", "6fa459ea", 7),
    "date-time": (*NO_TEXT, "", "now", *NO_TIME),
    "number": NO_NUMBER,
    "integer": (*NO_NUMBER, 1.5, 1.0),
    "boolean": ("true", 1, 0, None),
    "array": ("text", None, {}, 7, True),
    "object": ("text", None, [], 7, {"surplus": 1}),
}


def spoiled(value, schema, defs):
    """The value with one error, in each place and of each kind."""
    if "$ref" in schema:
        yield from spoiled(value, defs[schema["$ref"].removeprefix("#/$defs/")], defs)
        return
    if "anyOf" in schema:
        either = [each for each in schema["anyOf"] if each.get("type") != "null"]
        yield from (bad for bad in spoiled(value, either[0], defs) if bad is not None)
        return
    yield from WRONG[schema.get("format", schema["type"])]
    if "enum" in schema or "const" in schema:
        yield "something else"
    if isinstance(value, dict):
        yield {**value, "surplus": 1}
        for name, each in schema["properties"].items():
            yield from ({**value, name: bad} for bad in spoiled(value[name], each, defs))
        for name in schema.get("required", ()):
            yield {k: v for k, v in value.items() if k != name}
    if isinstance(value, list):
        yield from ([bad, *value[1:]] for bad in spoiled(value[0], schema["items"], defs))
        if schema.get("minItems"):
            yield value[: schema["minItems"] - 1]
        if "maxItems" in schema:
            yield value[:1] * (schema["maxItems"] + 1)
    if "maxLength" in schema:
        yield "a" * (schema["maxLength"] + 1)
    if schema.get("minLength"):
        yield ""


@pytest.mark.parametrize("name", TYPES)
def test_an_error_anywhere_in_the_data_is_refused(name):
    schema = schema_of(name)
    good = sample(schema)
    at_the_door(name, json.dumps(good))
    accepted = []
    for bad in spoiled(good, schema, schema.get("$defs", {})):
        try:
            at_the_door(name, json.dumps(bad))
        except (Malformed, ValidationError):
            continue
        accepted.append(bad)
    assert accepted == []
