"""Events that any release stored are still read as they were meant, and schemas are current."""

from __future__ import annotations

import json
import shutil
from copy import deepcopy

import jsonschema
import pytest

from domain.event import TYPES, upgrade
from domain.personal import ERASED, PERSONAL
from infra import codec, schemas
from tests.golden import FOLDER, SUMS, __main__, committed, goldens, key, sums
from tests.golden.compat import breaking

GOLDEN = [pytest.param(g, id=f"{g.name}/{g.number}") for g in goldens()]
ONLY_ADDED = "golden files are only added (python -m tests.golden), never changed or removed"


def docs():
    return {p.name: p.read_text(encoding="utf-8") for p in schemas.FOLDER.iterdir()}


def as_stored(golden, keys, monkeypatch):
    """What codec.decode reads, in the version that was stored."""
    with monkeypatch.context() as patched:
        patched.setattr(codec, "upgrade", lambda data: data)
        return codec.decode(golden.stored, keys.get)


def plain(data):
    return json.loads(codec._encode(data))


def differences(value, expected, at=""):
    """Where a value differs from the expected one; a later release may have more fields."""
    if isinstance(expected, dict) and isinstance(value, dict):
        pairs = [(f"{at}.{name}", value.get(name, ...), each) for name, each in expected.items()]
    elif isinstance(expected, list) and isinstance(value, list) and len(value) == len(expected):
        pairs = [(f"{at}[]", *pair) for pair in zip(value, expected, strict=True)]
    else:
        return [] if value == expected else [f"{at}: {value!r}, not {expected!r}"]
    return [words for where, one, other in pairs for words in differences(one, other, where)]


def without_sealed(envelope):
    """The envelope without what is sealed, which differs each time it is written."""
    sealed = [k for k, v in envelope["data"].items() if isinstance(v, dict) and "sealed" in v]
    data = {k: v for k, v in envelope["data"].items() if k not in sealed}
    return {**envelope, "data": data, "reason": "…", "sealed": sealed}


def test_the_committed_schemas_are_what_the_code_says():
    assert docs() == schemas.files(), "run `make schemas` and commit docs/events"


@pytest.mark.parametrize("name", TYPES)
def test_a_schema_is_valid_and_refuses_unknown_fields(name):
    schema = schemas.schema_of(name)
    jsonschema.Draft202012Validator.check_schema(schema)
    objects = [schema, *schema.get("$defs", {}).values()]
    assert [o["title"] for o in objects if o.get("additionalProperties", True)] == []


def test_golden_files_are_only_added():
    now, then = sums(), committed()
    assert sorted(path for path in then if now.get(path) != then[path]) == [], ONLY_ADDED
    assert sorted(now.keys() - then.keys()) == [], f"not in SHA256SUMS: {ONLY_ADDED}"


def test_every_type_has_a_golden_file():
    missing = TYPES.keys() - {g.name for g in goldens()}
    assert sorted(missing) == [], "run `python -m tests.golden` and commit what it adds"


@pytest.mark.parametrize("golden", GOLDEN)
def test_a_golden_event_is_read_as_it_was_meant(golden, monkeypatch):
    read = as_stored(golden, {"golden": key()}, monkeypatch)
    assert differences(plain(read.data), golden.value["data"]) == []
    assert read.event.reason == golden.value["reason"]
    newest = codec.decode(golden.stored, {"golden": key()}.get)
    assert newest.data == upgrade(read.data)
    assert TYPES[newest.event.type].upcast is None


@pytest.mark.parametrize("golden", GOLDEN)
def test_a_golden_event_without_its_key_has_all_but_its_personal_values(golden, monkeypatch):
    whole = as_stored(golden, {"golden": key()}, monkeypatch)
    erased = as_stored(golden, {}, monkeypatch)
    fields = schemas.schema_of(golden.name)["properties"]
    for field, schema in fields.items():
        personal = schema["x-privacy"] == PERSONAL.name and field in golden.value["data"]
        expected = ERASED if personal else getattr(whole.data, field)
        assert getattr(erased.data, field) == expected
    assert erased.event.reason == ERASED
    assert codec.decode(golden.stored, {}.get).data == upgrade(erased.data)


@pytest.mark.parametrize("golden", GOLDEN)
def test_the_envelope_of_a_golden_event_is_written_alike_today(golden, monkeypatch):
    read = as_stored(golden, {"golden": key()}, monkeypatch)
    envelope, _ = codec.encode(read.event, key())
    again = codec.with_position(envelope, read.position, read.recorded, read.version)
    before = without_sealed(json.loads(golden.stored))
    assert differences(without_sealed(json.loads(again)), before) == []
    assert list(json.loads(again)) == list(json.loads(golden.stored)), "the order of the bytes"


@pytest.mark.parametrize("golden", GOLDEN)
def test_the_schema_of_today_accepts_golden_data(golden):
    schema = schemas.schema_of(golden.name)
    jsonschema.validate(golden.value["data"], schema)
    assert breaking(golden.schema, schema) == [], "make a new version of the type, with an upcaster"


# The command that adds golden files.


SHIPPED = "order.order-shipped.v1"
FIRST = [f"{SHIPPED}/1{suffix}" for suffix in (".json", ".schema.json", ".value.json")]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The golden files of one type alone."""
    monkeypatch.setattr(__main__, "TYPES", {SHIPPED: TYPES[SHIPPED]})
    shutil.copy(FOLDER / "key.json", tmp_path)
    (tmp_path / SUMS.name).touch()
    assert __main__.add(tmp_path) == ["key.json", *FIRST]
    return tmp_path


@pytest.fixture
def another_day(monkeypatch):
    """Changes the schema of the type."""

    def change(how):
        schema = schemas.schema_of(SHIPPED)
        how(schema)
        monkeypatch.setattr(schemas, "schema_of", lambda name: schema)

    return change


def test_no_golden_file_is_added_without_a_change(folder, another_day):
    another_day(lambda s: s.update(description="another text"))
    before = (folder / SUMS.name).read_text()
    assert __main__.add(folder) == []
    assert (folder / SUMS.name).read_text() == before


def test_a_wider_schema_gets_the_next_number(folder, another_day):
    another_day(lambda s: s["properties"]["carrier"]["anyOf"].append({"type": "integer"}))
    before = sums(folder)
    assert __main__.add(folder) == [path.replace("/1.", "/2.") for path in FIRST]
    assert before.items() <= sums(folder).items() == committed(folder).items()


def test_a_breaking_schema_is_refused(folder, another_day):
    another_day(lambda s: s["properties"].pop("carrier"))
    with pytest.raises(ValueError, match=r"make a new version of it. .carrier: removed"):
        __main__.add(folder)
    assert sums(folder) == committed(folder)


# What breaks, and what does not.

BASE = {
    "type": "object",
    "x-kind": "fact",
    "additionalProperties": False,
    "required": ["words", "lines"],
    "properties": {
        "words": {
            "type": "string",
            "minLength": 1,
            "maxLength": 9,
            "pattern": "^a",
            "x-privacy": "plain",
        },
        "mood": {"type": "string", "enum": ["good", "bad"], "default": "good"},
        "only": {"const": "one", "type": "string"},
        "share": {"anyOf": [{"type": "number", "minimum": 0, "maximum": 1}, {"type": "null"}]},
        "count": {"type": "integer", "exclusiveMinimum": 0},
        "at": {"type": "string", "format": "date-time"},
        "lines": {"type": "array", "minItems": 1, "maxItems": 9, "items": {"$ref": "#/$defs/Line"}},
    },
    "$defs": {
        "Line": {
            "type": "object",
            "required": ["product"],
            "properties": {"product": {"type": "string"}, "title": {"type": "string"}},
        }
    },
}


def changed(change):
    schema = deepcopy(BASE)
    change(schema, schema["properties"], schema["$defs"]["Line"])
    return breaking(BASE, schema)


BREAKS = {
    "removed": lambda s, p, line: p.pop("at"),
    "removed inside": lambda s, p, line: line["properties"].pop("title"),
    "new and required": lambda s, p, line: (p.update(new={}), s["required"].append("new")),
    "required now": lambda s, p, line: s["required"].append("mood"),
    "required inside": lambda s, p, line: line["required"].append("title"),
    "another type": lambda s, p, line: p["words"].update(type="integer"),
    "another type inside": lambda s, p, line: line["properties"]["product"].update(type="null"),
    "no whole array": lambda s, p, line: p.update(lines={"$ref": "#/$defs/Line"}),
    "number to integer": lambda s, p, line: p["share"]["anyOf"][0].update(type="integer"),
    "no null any more": lambda s, p, line: p["share"]["anyOf"].pop(),
    "fewer values": lambda s, p, line: p["mood"]["enum"].pop(),
    "only some values": lambda s, p, line: p["words"].update(enum=["a"]),
    "another constant": lambda s, p, line: p["only"].update(const="two"),
    "higher minimum": lambda s, p, line: p["share"]["anyOf"][0].update(minimum=0.1),
    "minimum excluded": lambda s, p, line: p["share"]["anyOf"][0].update(exclusiveMinimum=0),
    "lower maximum": lambda s, p, line: p["share"]["anyOf"][0].update(maximum=0.5),
    "a new maximum": lambda s, p, line: p["count"].update(maximum=5),
    "maximum excluded": lambda s, p, line: p["share"]["anyOf"][0].update(exclusiveMaximum=1),
    "longer at least": lambda s, p, line: p["words"].update(minLength=2),
    "shorter at most": lambda s, p, line: p["words"].update(maxLength=8),
    "more items at least": lambda s, p, line: p["lines"].update(minItems=2),
    "fewer items at most": lambda s, p, line: p["lines"].update(maxItems=8),
    "another pattern": lambda s, p, line: p["words"].update(pattern="^b"),
    "a new pattern": lambda s, p, line: p["mood"].update(pattern="^b"),
    "another format": lambda s, p, line: p["at"].update(format="date"),
    "no format": lambda s, p, line: p["at"].pop("format"),
    "another default": lambda s, p, line: p["mood"].update(default="bad"),
    "no default": lambda s, p, line: p["mood"].pop("default"),
    "personal now": lambda s, p, line: p["words"].update({"x-privacy": "personal"}),
    "another kind": lambda s, p, line: s.update({"x-kind": "report"}),
    "closed inside": lambda s, p, line: line.update(additionalProperties=False),
    "other further fields": lambda s, p, line: line.update(additionalProperties={"type": "null"}),
    "not understood": lambda s, p, line: p["count"].update(multipleOf=2),
}
HOLDS = {
    "nothing": lambda s, p, line: None,
    "a new optional field": lambda s, p, line: p.update(new={"type": "string"}),
    "and inside": lambda s, p, line: line["properties"].update(new={"type": "string"}),
    "no longer required": lambda s, p, line: s["required"].remove("words"),
    "more values": lambda s, p, line: p["mood"]["enum"].append("mixed"),
    "any value": lambda s, p, line: p["mood"].pop("enum"),
    "a constant becomes one of many": lambda s, p, line: p.update(
        only={"type": "string", "enum": ["one", "two"]}
    ),
    "null too": lambda s, p, line: p.update(count={"anyOf": [{"type": "null"}, p["count"]]}),
    "any number": lambda s, p, line: p["count"].update(type="number"),
    "minimum included": lambda s, p, line: p.update(count={"type": "integer", "minimum": 0}),
    "wider": lambda s, p, line: p["words"].update(minLength=0, maxLength=99),
    "any text": lambda s, p, line: p["words"].pop("pattern"),
    "more items": lambda s, p, line: p["lines"].update(maxItems=10),
    "a pseudonym after all": lambda s, p, line: p["words"].update({"x-privacy": "pseudonym"}),
    "other words": lambda s, p, line: s.update(title="Other", description="another text"),
    "opened": lambda s, p, line: s.update(additionalProperties=True),
    "in place": lambda s, p, line: p["lines"].update(items=line),
}


@pytest.mark.parametrize("change", BREAKS.values(), ids=BREAKS.keys())
def test_a_break_is_found(change):
    assert len(changed(change)) == 1


@pytest.mark.parametrize("change", HOLDS.values(), ids=HOLDS.keys())
def test_an_addition_breaks_nothing(change):
    assert changed(change) == []
