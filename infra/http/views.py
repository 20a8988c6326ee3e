"""GET /v1/views/{view} and /v1/figures/{view}: rows in pages, as they are or were, and figures."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from enum import StrEnum
from http import HTTPStatus
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Path, Query
from msgspec.structs import asdict
from pydantic import TypeAdapter, ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from consumers.questions.figures import view_figures
from consumers.questions.past import rows_as_of
from consumers.questions.rows import Freshness, Lag, find_view, freshness, key_filter, resolve_key
from domain.errors import Malformed
from domain.values import Time
from infra.deployment import Deployment
from infra.http import examples, openapi
from infra.http.bodies import json_response
from infra.http.connection import DeploymentConnection
from infra.http.min_position import MinPosition, ViewTimeout, wait_for_views
from infra.http.paging import Limit, Page, page_of
from infra.http.problems import HttpRefusal
from infra.postgres.views.reader import PageEnd, PageInvalid
from projections import discover, figures

_time = TypeAdapter[datetime](Time)
ViewName = StrEnum("ViewName", {name: name for name in discover()})  # type: ignore[misc]


class RowPage(Freshness, frozen=True, kw_only=True):
    """Rows, and how fresh they are.

    `next` is the `page` of the next request; null at the end. Personal values are opened; one that
    can no longer be read is `{"sealed": ""}`.
    """

    rows: Sequence[Any]
    next: str | None


class ViewFigures(Freshness, frozen=True, kw_only=True):
    """The figures of a view over all its rows; null if the view has none.

    They are null, too, while a view that they are computed from is shown in another version than
    that of this release.
    """

    figures: Any


View = Annotated[ViewName, Path(description="The view.", examples=["profile"])]
_AsOf = Annotated[
    str | None,
    Query(
        description="Rows as they were known at this time: by the events recorded until then.",
        json_schema_extra={"format": "date-time"},
        examples=["2099-03-01T12:00:00Z"],
    ),
]
_ValidAt = Annotated[
    str | None,
    Query(
        description="Rows by the events that had happened at this time, whenever recorded.",
        json_schema_extra={"format": "date-time"},
        examples=["2099-03-01T12:00:00Z"],
    ),
]
_FRESHNESS = Freshness(examples.POSITION, Lag(events=0, seconds=0.0), parked=0)
_ROWS = openapi.json_content(
    RowPage,
    RowPage(
        rows=[{"design_id": "d1", "customer": examples.CUSTOMER_ID, "book": "shirts"}],
        next=None,
        **asdict(_FRESHNESS),
    ),
)
_FIGURES = openapi.json_content(
    ViewFigures, ViewFigures(figures={"customers": 7, "beliefs": 12}, **asdict(_FRESHNESS))
)


def make_router(connection: DeploymentConnection) -> APIRouter:
    """`GET /v1/views/{view}`, `/v1/views/{view}/{key}` and `/v1/figures/{view}`."""
    router = APIRouter(tags=["views"])

    @router.get(
        "/v1/views/{view}",
        operation_id="list-rows",
        summary="All rows of a view, in pages.",
        responses=openapi.responses(409, 422, 504, s200=("Rows.", _ROWS)),
        response_class=Response,
    )
    async def list_rows(
        view: View, limit: Limit = 100, page: Page = None, min_position: MinPosition = None,
        timeout_s: ViewTimeout = 5,
    ) -> Response:  # fmt: skip
        deployment = connection.deployment
        await wait_for_views(deployment, [view], min_position, timeout_s)
        return await run_in_threadpool(_rows, deployment, view, None, page, limit)

    @router.get(
        "/v1/views/{view}/{key:path}",
        operation_id="find-rows",
        summary="The rows of a view that have a key, as they are or as they were.",
        responses=openapi.responses(404, 409, 422, 504, s200=("Rows.", _ROWS)),
        response_class=Response,
    )
    async def find_rows(
        view: View,
        key: Annotated[
            str,
            Path(
                description="A key, which may have slashes; a customer also as `namespace:id`.",
                pattern="^[^\\x00-\\x1f\\x7f]{1,200}$",
                examples=[examples.CUSTOMER],
            ),
        ],
        as_of: _AsOf = None,
        valid_at: _ValidAt = None,
        limit: Limit = 100,
        page: Page = None,
        min_position: MinPosition = None,
        timeout_s: ViewTimeout = 5,
    ) -> Response:
        """With `as_of` or `valid_at` the rows are computed again from the events of their owner.

        The key must then lead to one owner: an order, a design, a catalogue, a customer.
        """
        deployment = connection.deployment
        times = [_parse_time(as_of, "as_of"), _parse_time(valid_at, "valid_at")]
        await wait_for_views(deployment, [view], min_position, timeout_s)
        if any(times):
            return await run_in_threadpool(_past_rows, deployment, view, key, times, page, limit)
        return await run_in_threadpool(_rows, deployment, view, key, page, limit)

    @router.get(
        "/v1/figures/{view}",
        operation_id="read-figures",
        summary="The figures of a view.",
        responses=openapi.responses(409, 422, 504, s200=("Figures.", _FIGURES)),
        response_class=Response,
    )
    async def read_figures(
        view: View, min_position: MinPosition = None, timeout_s: ViewTimeout = 5
    ) -> Response:
        deployment = connection.deployment
        definition = figures.definition_of(view)
        sources = definition.reads if definition else [view]
        await wait_for_views(deployment, sources, min_position, timeout_s)
        return await run_in_threadpool(_figures, deployment, view, sources)

    return router


def _rows(
    deployment: Deployment, view: str, key: str | None, page: str | None, limit: int
) -> Response:
    current = freshness([view], deployment.views, deployment.progress)  # before the rows are read
    projection, owners = find_view(view), deployment.owners(deployment.reader_pool)
    where = {} if key is None else key_filter(projection, resolve_key(key, owners))
    try:
        after = None if page is None else msgspec.json.decode(bytes.fromhex(page), type=PageEnd)
        rows, end = deployment.views.page(projection, where, after, limit)
    except (ValueError, msgspec.MsgspecError, PageInvalid):
        raise Malformed(
            "page: this is no page of this view: send `next` as an answer gave it", "page"
        ) from None
    if key is not None and page is None and not rows:
        raise _no_row(view)
    following = None if end is None else msgspec.json.encode(end).hex()
    return json_response(RowPage(rows=rows, next=following, **asdict(current)))


def _past_rows(
    deployment: Deployment,
    view: str,
    key: str,
    times: Sequence[datetime | None],
    page: str | None,
    limit: int,
) -> Response:
    as_of, valid_at = times
    current = freshness([view], deployment.views, deployment.progress)
    rows = rows_as_of(
        view,
        key,
        as_of=as_of,
        valid_at=valid_at,
        log=deployment.log,
        views=deployment.views,
        store=deployment.store,
        owners=deployment.owners(deployment.reader_pool),
    )
    if not rows:
        raise _no_row(view)
    numbered, following = page_of(list(enumerate(rows)), lambda pair: pair[0], page, limit)
    selected = [row for _, row in numbered]
    return json_response(RowPage(rows=selected, next=following, **asdict(current)))


def _figures(deployment: Deployment, view: str, sources: Sequence[str]) -> Response:
    current = freshness(sources, deployment.views, deployment.progress)
    computed = view_figures(view, deployment.views, deployment.books, datetime.now(UTC))
    return json_response(ViewFigures(figures=computed, **asdict(current)))


def _parse_time(text: str | None, field: str) -> datetime | None:
    try:
        return None if text is None else _time.validate_python(text)
    except ValidationError as error:
        reason = error.errors()[0]["msg"].removeprefix("Value error, ")
        raise Malformed(f"{field}: {reason}", field) from None


def _no_row(view: str) -> HttpRefusal:
    return HttpRefusal(
        HTTPStatus.NOT_FOUND,
        f"the view {view} has no row of this key: check it, or send the min_position of your last "
        "write",
        "key",
    )
