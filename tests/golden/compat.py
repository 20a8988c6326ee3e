"""Compares the schemas of two releases: does the newer one accept all that the older accepted?"""

from __future__ import annotations

from collections.abc import Iterator
from math import inf
from typing import Any

from domain.personal import PERSONAL

Schema = dict[str, Any]

_WORDS = {"$id", "$schema", "$defs", "title", "description", "examples"}
_ANY = ("array", "boolean", "integer", "null", "number", "object", "string")
_UNDERSTOOD = {
    *("type", "enum", "const", "anyOf", "default", "x-privacy", "x-kind"),
    *("properties", "required", "additionalProperties", "items"),
    *("minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum"),
    *("minLength", "maxLength", "minItems", "maxItems", "pattern"),
}


def breaking(old: Schema, new: Schema) -> list[str]:
    """Return what breaks between the schemas: events of `old` that `new` refuses or misreads."""
    return list(_breaks("", whole(old), whole(new)))


def whole(schema: Schema, defs: Schema | None = None) -> Schema:
    """The schema without words for people, and with its definitions where they are used.

    No type contains itself; one that did would not end here.
    """
    defs = schema.get("$defs", {}) if defs is None else defs
    if "$ref" in schema:
        target = defs[schema["$ref"].removeprefix("#/$defs/")]
        schema = target | {k: v for k, v in schema.items() if k != "$ref"}
    out = {k: v for k, v in schema.items() if k not in _WORDS}
    if "const" in out:
        out["enum"] = [out.pop("const")]
    for keyword in ("items", "additionalProperties"):
        if isinstance(out.get(keyword), dict):
            out[keyword] = whole(out[keyword], defs)
    if "anyOf" in out:
        out["anyOf"] = [whole(each, defs) for each in out["anyOf"]]
    if "properties" in out:
        out["properties"] = {k: whole(v, defs) for k, v in out["properties"].items()}
    return out


def _breaks(at: str, old: Schema, new: Schema) -> Iterator[str]:
    # What a field is, whatever it may hold.
    if "default" in old and old["default"] != new.get("default"):
        yield f"{at}: another default"  # events without the field would mean something else
    was, now = old.get("x-privacy"), new.get("x-privacy")
    if was != now and PERSONAL.name in (was, now):
        yield f"{at}: was {was}, is {now}"  # what is in the log stays as it is
    if old.get("x-kind") != new.get("x-kind"):
        yield f"{at}: another kind"  # the kind decides the stream, and so the owner and the key
    # What it may hold: each alternative of the old must fit into one of the new.
    for each in old.get("anyOf", [old]):
        tries = [list(_narrowed(at, each, other)) for other in new.get("anyOf", [new])]
        if all(tries):
            alike = [t for t in tries if not any("another type" in words for words in t)]
            yield from (alike or tries)[0]


def _narrowed(at: str, old: Schema, new: Schema) -> Iterator[str]:
    if not _types(old) <= _types(new):
        yield f"{at}: another type"
        return
    if "enum" in new and not ("enum" in old and set(old["enum"]) <= set(new["enum"])):
        yield f"{at}: fewer values"
    for what, least, most in (
        ("value", ("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")),
        ("length", ("minLength",), ("maxLength",)),
        ("number of items", ("minItems",), ("maxItems",)),
    ):
        if _floor(new, least) > _floor(old, least) or _ceiling(new, most) < _ceiling(old, most):
            yield f"{at}: tighter {what}"
    if "pattern" in new and new["pattern"] != old.get("pattern"):
        yield f"{at}: another pattern"
    for keyword in sorted({*old, *new} - _UNDERSTOOD):
        if old.get(keyword) != new.get(keyword):
            yield f"{at}: another {keyword}"
    if "items" in new:
        yield from _breaks(f"{at}[]", old.get("items", {}), new["items"])
    yield from _fields(at, old, new)


def _fields(at: str, old: Schema, new: Schema) -> Iterator[str]:
    before, after = old.get("properties", {}), new.get("properties", {})
    for name in before.keys() - after.keys():
        yield f"{at}.{name}: removed"
    for name in set(new.get("required", ())) - set(old.get("required", ())):
        yield f"{at}.{name}: required now"
    further, still = old.get("additionalProperties", True), new.get("additionalProperties", True)
    if further and still is not True and still != further:
        yield f"{at}: not all further fields now"
    for name in before.keys() & after.keys():
        yield from _breaks(f"{at}.{name}", before[name], after[name])


def _types(schema: Schema) -> set[str]:
    names = schema.get("type", _ANY)
    types = {names} if isinstance(names, str) else set(names)
    return types | {"integer"} if "number" in types else types


def _floor(schema: Schema, keywords: tuple[str, ...]) -> tuple[float, int]:
    """The bound, and 1 if it is excluded itself."""
    return max((schema.get(word, -inf), i) for i, word in enumerate(keywords))


def _ceiling(schema: Schema, keywords: tuple[str, ...]) -> tuple[float, int]:
    return min((schema.get(word, inf), -i) for i, word in enumerate(keywords))
