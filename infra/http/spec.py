"""Pieces of the OpenAPI document: schemas from our own types, and what an operation answers."""

from __future__ import annotations

from typing import Any

from pydantic import TypeAdapter

from infra.http.problems import MEDIA, Problem
from infra.schemas import Untitled

Told = dict[str, Any]
schemas: Told = {}
"""What the operations refer to, by name."""
_REF = "#/components/schemas/"
_SAY = {
    401: "The token is missing or another.",
    403: "The customer has not consented to it.",
    404: "There is nothing of that name.",
    409: "It does not go with what is so already.",
    413: "The request is too large: send less at once.",
    415: "The content is of another type than this takes.",
    421: "Without a token, only this machine is answered.",
    422: "Something of the request is malformed.",
    429: "Too many follow the log at once.",
    500: "A fault of the server.",
    503: "The database does not answer just now, or is older than its log and takes no writes.",
    504: "The view has not come so far in time.",
}
_ALWAYS = (421, 500, 503)


def ref(cls: type, name: str | None = None) -> Told:
    """A reference to a type's schema, which is put among the others."""
    told = TypeAdapter(cls).json_schema(
        ref_template=_REF + "{model}", schema_generator=Untitled, mode="serialization"
    )
    schemas.update(told.pop("$defs", {}))
    name = name or cls.__name__
    schemas[name] = told
    return {"$ref": _REF + name}


def takes(media: dict[str, Told]) -> Told:
    """A request body, by media type: each its schema and its examples."""
    return {"requestBody": {"required": True, "content": media}}


def example(schema: Told, said: Any) -> Told:
    return {"schema": schema, "examples": {"one": {"value": said}}}


def answers(*problems: int, **ok: Any) -> dict[int | str, Told]:
    """What an operation may answer: `ok` by status as s200=(description, content)."""
    wrong = {"content": {MEDIA: {"schema": ref(Problem)}}}
    told: dict[int | str, Told] = {
        int(status[1:]): {"description": said, "content": content}
        for status, (said, content) in ok.items()
    }
    for status in sorted({*problems, *_ALWAYS}):
        told[status] = {"description": _SAY[status], **wrong}
    return told


def json_of(schema: Told) -> Told:
    return {"application/json": {"schema": schema}}
