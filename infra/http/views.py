"""GET /v1/views/{view}: rows of views, in pages, as new as the reader needs."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from enum import StrEnum
from http import HTTPStatus
from typing import Annotated, Any

import msgspec
import psycopg
from fastapi import APIRouter, Path, Query
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from consumers.ports.views import GroupLag
from consumers.questions.rows import key_filter, resolve_key
from domain.errors import Malformed
from domain.event import Cursor
from infra.deployment import Deployment
from infra.http import cursors, openapi
from infra.http.bodies import json_response
from infra.http.connection import DeploymentConnection
from infra.http.problems import HttpRefusal
from infra.postgres.views.reader import PageEnd
from projections import discover
from projections.view import AnyProjection

_PAUSES_S = (0.01, 0.2)  # between polls of the view's position: the first, the longest
ViewName = StrEnum("ViewName", {name: name for name in discover()})  # type: ignore[misc]


class ViewLag(msgspec.Struct, frozen=True, kw_only=True):
    """How far a view is behind the log; `seconds` is the age of its oldest unseen event."""

    events: int
    seconds: float


class RowPage(msgspec.Struct, frozen=True, kw_only=True):
    """Rows, and how current they are.

    `next` is the `page` of the next request; null at the end. `position` is the cursor that the
    rows contain at least, `parked` the number of events that the view could not fold. Personal
    values are opened; one that can no longer be read is `{"sealed": ""}`.
    """

    rows: Sequence[Any]
    next: str | None
    position: str
    lag: ViewLag
    parked: int


class RowQuery(msgspec.Struct, frozen=True, kw_only=True):
    """The parameters of a request for rows."""

    key: str | None
    limit: int
    page: str | None
    min_position: Cursor | None
    timeout_s: float


_View = Annotated[ViewName, Path(description="The view.", examples=["profile"])]
_Limit = Annotated[int, Query(ge=1, le=1000, description="Rows in a page, at most.")]
_Page = Annotated[str | None, Query(description="`next` of the page before.")]
_MinPosition = Annotated[
    str | None,
    Query(description="A cursor, such as a write's: wait until the view contains it."),
]
_Timeout = Annotated[float, Query(ge=0, le=30, description="Seconds to wait for min_position.")]
_ROWS = openapi.json_content(RowPage)


def make_router(connection: DeploymentConnection) -> APIRouter:
    """`GET /v1/views/{view}` and `GET /v1/views/{view}/{key}`."""
    router = APIRouter(tags=["views"])

    @router.get(
        "/v1/views/{view}",
        operation_id="list-rows",
        summary="All rows of a view, in pages.",
        responses=openapi.responses(409, 422, 504, s200=("Rows.", _ROWS)),
        response_class=Response,
    )
    async def list_rows(
        view: _View, limit: _Limit = 100, page: _Page = None, min_position: _MinPosition = None,
        timeout_s: _Timeout = 5,
    ) -> Response:  # fmt: skip
        query = _query(None, limit, page, min_position, timeout_s)
        return await _answer(connection.deployment, discover()[view], query)

    @router.get(
        "/v1/views/{view}/{key:path}",
        operation_id="find-rows",
        summary="The rows of a view that have a key.",
        responses=openapi.responses(404, 409, 422, 504, s200=("Rows.", _ROWS)),
        response_class=Response,
    )
    async def find_rows(
        view: _View,
        key: Annotated[
            str,
            Path(
                description="A key, which may have slashes; a customer also as `namespace:id`.",
                pattern="^[^\\x00-\\x1f\\x7f]{1,200}$",
                examples=["shop:ann"],
            ),
        ],
        limit: _Limit = 100,
        page: _Page = None,
        min_position: _MinPosition = None,
        timeout_s: _Timeout = 5,
    ) -> Response:
        query = _query(key, limit, page, min_position, timeout_s)
        return await _answer(connection.deployment, discover()[view], query)

    return router


def _query(
    key: str | None, limit: int, page: str | None, min_position: str | None, timeout_s: float
) -> RowQuery:
    cursor = None if min_position is None else cursors.parse(min_position, "min_position")
    return RowQuery(key=key, limit=limit, page=page, min_position=cursor, timeout_s=timeout_s)


async def _answer(deployment: Deployment, projection: AnyProjection, query: RowQuery) -> Response:
    lags = await _reached(deployment, projection.name, query)
    return await run_in_threadpool(_rows, deployment, projection, query, lags)


async def _reached(deployment: Deployment, view: str, query: RowQuery) -> list[GroupLag]:
    """The view's lags, as soon as it has reached min_position.

    A waiting request occupies no thread between two polls. Raises HttpRefusal when time is up.
    """
    goal = query.min_position
    pause, longest = _PAUSES_S
    deadline = time.monotonic() + query.timeout_s
    if goal:
        await run_in_threadpool(deployment.feed.check, goal)
    while True:
        lags = await run_in_threadpool(_lags, deployment, view)
        if not goal or all(lag.position >= goal.numbers[lag.partition] for lag in lags):
            return lags
        if time.monotonic() > deadline:
            raise HttpRefusal(
                HTTPStatus.GATEWAY_TIMEOUT,
                f"the view has not reached min_position within {query.timeout_s:g} s: ask again, "
                "and check that `ordermade up` runs",
                "min_position",
            )
        await asyncio.sleep(pause)
        pause = min(2 * pause, longest)


def _lags(deployment: Deployment, view: str) -> list[GroupLag]:
    """Lags of the version that is shown now, which a rebuild may replace while we wait."""
    return deployment.progress.lags([deployment.views.live()[view]])


def _rows(
    deployment: Deployment, projection: AnyProjection, query: RowQuery, lags: list[GroupLag]
) -> Response:
    # Read before the rows, so that the rows contain at least this position.
    position = str(deployment.progress.position(lags))
    owners = deployment.owners(deployment.reader_pool)
    where = {} if query.key is None else key_filter(projection, resolve_key(query.key, owners))
    try:
        place = None if query.page is None else _place(query.page)
        rows, after = deployment.views.page(projection, where, place, query.limit)
    except (ValueError, msgspec.MsgspecError, psycopg.DataError):
        raise Malformed(
            "page: this is no page of this view: send `next` as an answer gave it", "page"
        ) from None
    if query.key is not None and not rows and not place:
        raise HttpRefusal(
            HTTPStatus.NOT_FOUND,
            f"the view {projection.name} has no row of this key: check it, or send the "
            "min_position of your last write",
            "key",
        )
    lag = ViewLag(events=sum(x.events for x in lags), seconds=max(x.seconds for x in lags))
    return json_response(
        RowPage(
            rows=rows,
            next=None if after is None else msgspec.json.encode(after).hex(),
            position=position,
            lag=lag,
            parked=len(deployment.views.parked_events(lags[0].group)),
        )
    )


def _place(page: str) -> PageEnd:
    return msgspec.json.decode(bytes.fromhex(page), type=PageEnd)
