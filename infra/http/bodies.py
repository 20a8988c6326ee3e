"""Request bodies, read up to a limit, and response bodies."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Any, TypeVar

import msgspec
from fastapi import Depends, Request
from pydantic import TypeAdapter, ValidationError
from starlette.responses import Response

from consumers.doors import inbox
from consumers.doors.inbox import MAX_BYTES
from consumers.doors.message import to_malformed
from infra.http.problems import HttpRefusal

T = TypeVar("T")


async def _read(request: Request) -> bytes:
    parts, size = [], 0
    async for chunk in request.stream():
        size += len(chunk)
        if size <= MAX_BYTES:
            parts.append(chunk)
    # Refused only now: a client that is still sending would not read the answer.
    if size > MAX_BYTES:
        raise HttpRefusal(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            f"a body has at most {MAX_BYTES} bytes: send fewer events at once",
        )
    return b"".join(parts)


Body = Annotated[bytes, Depends(_read)]


def media_type(request: Request) -> str:
    """The media type of the request's body, without its parameters."""
    return inbox.media_type(request.headers.get("content-type", ""))


def parse(adapter: TypeAdapter[T], body: bytes) -> T:
    """The body as the adapter's type. Raises Malformed."""
    try:
        return adapter.validate_json(body)
    except ValidationError as error:
        raise to_malformed(error) from None


def json_response(content: Any, status: int = HTTPStatus.OK) -> Response:
    return Response(msgspec.json.encode(content), status, media_type="application/json")
