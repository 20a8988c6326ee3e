"""GET /v1/views/…: rows of the views, a page at a time, and as new as the reader needs."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from http import HTTPStatus
from typing import Annotated, Any

import msgspec
import psycopg
from fastapi import APIRouter, Path, Query
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from domain.errors import Malformed
from domain.event import Cursor
from infra.deployment import Deployment
from infra.http import cursors, spec
from infra.http.connection import Opened
from infra.http.problems import Unfit
from infra.postgres.views.progress import Lag
from infra.postgres.views.reader import Place, named
from projections import discover
from projections.view import AnyProjection

_PAUSES_S = (0.01, 0.2)  # between looks at how far a view is: the first, the longest
ViewName = StrEnum("ViewName", {name: name for name in discover()})  # type: ignore[misc]


@dataclass(frozen=True, slots=True, kw_only=True)
class Behind:
    """How far a view is behind the log; `seconds` is the age of the oldest event unseen."""

    events: int
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """`position` is what the rows contain at least, `parked` how many events wait beside them.

    `next` is the `page` to go on with; null at the end. Personal values are opened; one that
    cannot be read any more is `{"sealed": ""}`.
    """

    rows: Sequence[dict[str, Any]]
    next: str | None
    position: str
    lag: Behind
    parked: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wanted:
    """What is asked of a view."""

    key: str | None
    limit: int
    page: str | None
    goal: Cursor | None
    timeout_s: float


_View = Annotated[ViewName, Path(description="The view.", examples=["profile"])]
_Limit = Annotated[int, Query(ge=1, le=1000, description="Rows in a page, at most.")]
_Page = Annotated[str | None, Query(description="`next` of the page before.")]
_MinPosition = Annotated[
    str | None,
    Query(description="A cursor, of a write say: answers when the view has seen all of it."),
]
_Timeout = Annotated[float, Query(ge=0, le=30, description="Seconds to wait for min_position.")]
_ROWS = spec.json_of(spec.ref(Rows))


def routes(opened: Opened) -> APIRouter:
    router = APIRouter(tags=["views"])

    @router.get(
        "/v1/views/{view}",
        summary="All rows of a view, by the page.",
        responses=spec.answers(409, 422, 504, s200=("Rows.", _ROWS)),
        response_class=Response,
    )
    async def view(
        view: _View, limit: _Limit = 100, page: _Page = None, min_position: _MinPosition = None,
        timeout_s: _Timeout = 5,
    ) -> Response:  # fmt: skip
        wanted = _wanted(None, limit, page, min_position, timeout_s)
        return await _answer(opened.deployment, discover()[view], wanted)

    @router.get(
        "/v1/views/{view}/{key:path}",
        summary="The rows of a view that a key leads to.",
        responses=spec.answers(404, 409, 422, 504, s200=("Rows.", _ROWS)),
        response_class=Response,
    )
    async def find(
        view: _View,
        key: Annotated[
            str,
            Path(
                description="A key, slashes and all; a customer also as `namespace:id`.",
                pattern="^[^\\x00-\\x1f\\x7f]{1,200}$",
                examples=["shop:ann"],
            ),
        ],
        limit: _Limit = 100,
        page: _Page = None,
        min_position: _MinPosition = None,
        timeout_s: _Timeout = 5,
    ) -> Response:
        wanted = _wanted(key, limit, page, min_position, timeout_s)
        return await _answer(opened.deployment, discover()[view], wanted)

    return router


def _wanted(
    key: str | None, limit: int, page: str | None, min_position: str | None, timeout_s: float
) -> _Wanted:
    goal = None if min_position is None else cursors.parse(min_position, "min_position")
    return _Wanted(key=key, limit=limit, page=page, goal=goal, timeout_s=timeout_s)


async def _answer(deployment: Deployment, projection: AnyProjection, wanted: _Wanted) -> Response:
    lags = await _progress(deployment, projection.name, wanted)
    return await run_in_threadpool(_rows, deployment, projection, wanted, lags)


async def _progress(deployment: Deployment, view: str, wanted: _Wanted) -> list[Lag]:
    """How far the view is, once it is far enough. Waiting takes no thread."""
    pause, longest = _PAUSES_S
    deadline = time.monotonic() + wanted.timeout_s
    if wanted.goal:
        await run_in_threadpool(deployment.feed.check, wanted.goal)
    while True:
        lags = await run_in_threadpool(_lags, deployment, view)
        if not wanted.goal or all(x.position >= wanted.goal.numbers[x.partition] for x in lags):
            return lags
        if time.monotonic() > deadline:
            raise Unfit(
                HTTPStatus.GATEWAY_TIMEOUT,
                f"the view has not come to min_position within {wanted.timeout_s:g} s: ask again, "
                "and see that `ordermade up` runs",
                "min_position",
            )
        await asyncio.sleep(pause)
        pause = min(2 * pause, longest)


def _lags(deployment: Deployment, view: str) -> list[Lag]:
    """Of the version that is shown now: a rebuild may show another meanwhile."""
    return deployment.progress.lags([deployment.views.live()[view]])


def _rows(
    deployment: Deployment, projection: AnyProjection, wanted: _Wanted, lags: list[Lag]
) -> Response:
    # Before the rows: they contain at least this.
    position = str(deployment.progress.position(lags))
    where = {} if wanted.key is None else named(projection, deployment.resolve_key(wanted.key))
    try:
        place = None if wanted.page is None else _place(wanted.page)
        rows, after = deployment.views.page(projection, where, place, wanted.limit)
    except (ValueError, msgspec.MsgspecError, psycopg.DataError):
        raise Malformed(
            "page: this is no page of this view: send `next` as it was given", "page"
        ) from None
    if wanted.key is not None and not rows and not place:
        raise Unfit(
            HTTPStatus.NOT_FOUND,
            f"the view {projection.name} has no row of this key: check it, or name the "
            "min_position of what you have just written",
            "key",
        )
    lag = Behind(events=sum(x.events for x in lags), seconds=max(x.seconds for x in lags))
    told = {
        "rows": rows,
        "next": None if after is None else msgspec.json.encode(after).hex(),
        "position": position,
        "lag": lag,
        "parked": len(deployment.views.parked(lags[0].group)),
    }
    return Response(msgspec.json.encode(told), media_type="application/json")


def _place(page: str) -> Place:
    return msgspec.json.decode(bytes.fromhex(page), type=Place)
