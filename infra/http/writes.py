"""Answers to requests that append events and are not commands."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus

import msgspec
from starlette.responses import Response

from domain.event import Position
from infra.deployment import Deployment
from infra.http import cursors, examples, log_wait, openapi
from infra.http.bodies import json_response


class WriteAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The positions of the stored events.

    `min_position`, as a parameter of a read, makes it wait until its rows contain them. `in_log` is
    null unless the request had `wait=log`.
    """

    positions: Sequence[str]
    min_position: str | None
    in_log: bool | None


_ANSWER = openapi.json_content(
    WriteAnswer,
    WriteAnswer(positions=["1.3.42"], min_position=examples.POSITION, in_log=None),
)


def responses(*problems: int) -> dict[int | str, openapi.JsonObject]:
    """The responses of an operation that answers with `answer`."""
    return openapi.responses(*problems, s200=("Stored.", _ANSWER), s202=(log_wait.LATE, _ANSWER))


async def answer(
    deployment: Deployment, positions: Sequence[Position], wait: str | None, timeout_s: float
) -> Response:
    """200, or 202 where `wait` is set and the log does not have the positions in time."""
    in_log = await log_wait.in_log(deployment, positions, wait, timeout_s)
    body = WriteAnswer(
        positions=[str(position) for position in positions],
        min_position=cursors.after(deployment, positions),
        in_log=in_log,
    )
    return json_response(body, HTTPStatus.ACCEPTED if in_log is False else HTTPStatus.OK)
