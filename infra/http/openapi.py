"""Parts of the OpenAPI document: schemas of our own types, request bodies and responses."""

from __future__ import annotations

from inspect import cleandoc
from typing import Any

import msgspec
from pydantic import TypeAdapter

from infra.http.problems import MEDIA, Problem
from infra.schemas import UntitledSchema

JsonObject = dict[str, Any]
schemas: JsonObject = {}
"""The schemas to which operations refer, by name."""
examples: JsonObject = {}
"""Example responses, by the name of their schema; FastAPI would drop a null from those in place."""
_REF = "#/components/schemas/"
_DESCRIPTIONS = {
    401: "The token is missing or wrong.",
    403: "The customer has not consented; or a web page of another origin sent this.",
    404: "Nothing has this name or id.",
    409: "The request contradicts what is stored, or a rule.",
    413: "The request is too large: send less at once.",
    415: "The media type is not one that this operation takes.",
    421: "Without a token, only requests to this machine's own names are answered.",
    422: "The request is malformed.",
    429: "Too many clients follow the log.",
    500: "A fault of the server.",
    503: "The database does not answer, or is older than its log and takes no writes.",
    504: "The view has not reached min_position in time.",
}
_ALWAYS = (421, 500, 503)


def request_schema(cls: type, name: str) -> JsonObject:
    """A reference to the schema by which pydantic validates a request."""
    schema = TypeAdapter(cls).json_schema(
        ref_template=_REF + "{model}", schema_generator=UntitledSchema, mode="serialization"
    )
    schemas.update(schema.pop("$defs", {}))
    schemas[name] = schema
    return {"$ref": _REF + name}


def response_schema(cls: Any) -> JsonObject:
    """The schema of what msgspec encodes, by reference where the type has a name."""
    [schema], components = msgspec.json.schema_components(
        [cls], schema_hook=_any_value, ref_template=_REF + "{name}"
    )
    for name, component in components.items():
        if description := component.get("description"):
            component["description"] = cleandoc(description)
        schemas[name] = component
    return schema


def _any_value(cls: type) -> JsonObject:
    """The schema of `object`, which stands for any JSON."""
    if cls is object:
        return {"description": "Any JSON value."}
    raise NotImplementedError


def request_body(media: dict[str, JsonObject]) -> JsonObject:
    """A required request body: schema and examples by media type."""
    return {"requestBody": {"required": True, "content": media}}


def json_body(cls: type, example: Any) -> JsonObject:
    """A required JSON body of a type that pydantic validates."""
    return request_body(
        {"application/json": with_example(request_schema(cls, cls.__name__), example)}
    )


def with_example(schema: JsonObject, value: Any) -> JsonObject:
    return {"schema": schema, "examples": {"one": {"value": value}}}


def responses(*problems: int, **ok: tuple[str, JsonObject]) -> dict[int | str, JsonObject]:
    """Responses of an operation: `s200=(description, content)` and so on, and statuses of problems.

    Those that every operation may answer are added.
    """
    problem = {"content": {MEDIA: {"schema": response_schema(Problem)}}}
    documented: dict[int | str, JsonObject] = {
        int(status[1:]): {"description": description, "content": content}
        for status, (description, content) in ok.items()
    }
    for status in sorted({*problems, *_ALWAYS}):
        documented[status] = {"description": _DESCRIPTIONS[status], **problem}
    return documented


def json_object(name: str, description: str, example: JsonObject) -> JsonObject:
    """JSON of no fixed fields, as the content of a response."""
    schemas[name] = {"title": name, "description": description, "type": "object"}
    examples[name] = {"value": example}
    return _content({"$ref": _REF + name}, name)


def json_content(cls: Any, example: Any = None) -> JsonObject:
    """JSON of a type, as the content of a response."""
    schema = response_schema(cls)
    if example is None:
        return {"application/json": {"schema": schema}}
    examples[cls.__name__] = {"value": msgspec.to_builtins(example)}
    return _content(schema, cls.__name__)


def _content(schema: JsonObject, example: str) -> JsonObject:
    reference = {"$ref": f"#/components/examples/{example}"}
    return {"application/json": {"schema": schema, "examples": {"one": reference}}}
