"""Bodies of requests, read up to a limit."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from fastapi import Depends, Request

from consumers.doors import inbox as intake
from consumers.doors.inbox import LARGEST
from infra.http.problems import Unfit


async def _read(request: Request) -> bytes:
    parts, size = [], 0
    async for chunk in request.stream():
        size += len(chunk)
        if size <= LARGEST:
            parts.append(chunk)
    # Only now: who is still sending would not hear the answer.
    if size > LARGEST:
        raise Unfit(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            f"a body has at most {LARGEST} bytes: send fewer events at once",
        )
    return b"".join(parts)


Body = Annotated[bytes, Depends(_read)]


def media_type(request: Request) -> str:
    return intake.media_type(request.headers.get("content-type", ""))
