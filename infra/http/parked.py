"""/v1/parked: events that a view could not fold are listed, folded again, or dropped."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated

import msgspec
from fastapi import APIRouter
from pydantic import Field, TypeAdapter
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from consumers.questions.parked import (
    FieldChange,
    ParkedInView,
    ParkedRetry,
    StillParked,
    drop_parked,
    list_parked,
    retry_parked,
)
from domain.event import strict
from domain.values import Name
from infra.http import examples, log_wait, openapi, writes
from infra.http.bodies import Body, json_response, parse
from infra.http.connection import DeploymentConnection
from infra.http.paging import Limit, Page, page_of
from infra.http.views import View


class ParkedPage(msgspec.Struct, frozen=True, kw_only=True):
    """Parked events; `next` is the `page` of the next request, null at the end."""

    rows: Sequence[ParkedInView]
    next: str | None


@strict
@dataclass(frozen=True, slots=True, kw_only=True)
class RetryBody:
    """Which parked events are folded again: those of a key or of an owner; without one, all.

    With `dry_run` nothing is written, and the answer says what would change.
    """

    key: Name | None = None
    dry_run: bool = False


@strict
@dataclass(frozen=True, slots=True, kw_only=True)
class DropBody:
    """The parked events of a key, by their numbers, that the view goes on without, for good."""

    key: Name
    numbers: Annotated[list[Annotated[int, Field(ge=1)]], Field(min_length=1, max_length=1000)]
    actor: Name | None = None


_retry_body = TypeAdapter(RetryBody)
_drop_body = TypeAdapter(DropBody)
_PARKED = ParkedPage(
    rows=[
        ParkedInView(
            view="profile",
            number=41,
            key=examples.CUSTOMER_ID,
            owner=examples.CUSTOMER_ID,
            reason="KeyError in evolve",
        )
    ],
    next=None,
)
_RETRIED = ParkedRetry(
    rows=[FieldChange(key=examples.CUSTOMER_ID, field="events", before=4, after=5)],
    parked=[StillParked(number=42, key=examples.CUSTOMER_ID, reason="KeyError in evolve")],
)


def make_router(connection: DeploymentConnection) -> APIRouter:
    """`GET /v1/parked`, `POST /v1/parked/{view}/retry` and `POST /v1/parked/{view}/drop`."""
    router = APIRouter(tags=["operations"])

    @router.get(
        "/v1/parked",
        operation_id="list-parked",
        summary="Events that a view could not fold, with the reason.",
        responses=openapi.responses(
            422, s200=("Parked events.", openapi.json_content(ParkedPage, _PARKED))
        ),
        response_class=Response,
    )
    def list_parked_events(limit: Limit = 100, page: Page = None) -> Response:
        """Later events of the same key wait behind them; all other keys go on."""
        events = list_parked(connection.deployment.views)
        rows, following = page_of(events, msgspec.to_builtins, page, limit)
        return json_response(ParkedPage(rows=rows, next=following))

    @router.post(
        "/v1/parked/{view}/retry",
        operation_id="retry-parked",
        summary="Fold parked events again, in their order.",
        openapi_extra=openapi.json_body(RetryBody, {"dry_run": True}),
        responses=openapi.responses(
            403, 404, 409, 413, 422,
            s200=("What changed, and what waits still.",
                  openapi.json_content(ParkedRetry, _RETRIED)),
        ),
        response_class=Response,
    )  # fmt: skip
    async def retry(view: View, body: Body) -> Response:
        request, deployment = parse(_retry_body, body), connection.deployment
        retried = await run_in_threadpool(
            retry_parked,
            view,
            request.key,
            deployment.log,
            deployment.writable_views,
            deployment.owners(deployment.reader_pool),
            dry_run=request.dry_run,
        )
        return json_response(retried)

    @router.post(
        "/v1/parked/{view}/drop",
        operation_id="drop-parked",
        summary="Go on without parked events; recorded as an event.",
        openapi_extra=openapi.json_body(
            DropBody, {"key": examples.CUSTOMER, "numbers": [1], "actor": "operator-1"}
        ),
        responses=writes.responses(403, 404, 409, 413, 422),
        response_class=Response,
    )
    async def drop(
        view: View, body: Body, wait: log_wait.Wait = None, timeout_s: log_wait.LogTimeout = 5
    ) -> Response:
        """The events that wait behind them are folded. All of the numbers are dropped, or none."""
        request, deployment = parse(_drop_body, body), connection.deployment
        log_wait.check(deployment, wait)
        appended = await run_in_threadpool(
            drop_parked,
            view,
            request.key,
            request.numbers,
            deployment.log,
            deployment.writable_views,
            deployment.store,
            deployment.owners(deployment.reader_pool),
            now=datetime.now(UTC),
            channel="http",
            actor=request.actor,
        )
        positions = [position for each in appended for position in each.positions]
        return await writes.answer(deployment, positions, wait, timeout_s)

    return router
