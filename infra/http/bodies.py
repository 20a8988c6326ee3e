"""Bodies of requests, read up to a limit."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from fastapi import Depends, Request

from infra.http.problems import Unfit

MOST_BYTES = 8 * 1024 * 1024


async def _read(request: Request) -> bytes:
    parts, size = [], 0
    async for chunk in request.stream():
        size += len(chunk)
        if size <= MOST_BYTES:
            parts.append(chunk)
    # Only now: who is still sending would not hear the answer.
    if size > MOST_BYTES:
        raise Unfit(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            f"a body has at most {MOST_BYTES} bytes: send fewer events at once",
        )
    return b"".join(parts)


Body = Annotated[bytes, Depends(_read)]


def media_type(request: Request) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()
