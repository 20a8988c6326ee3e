"""/v1/held: reports on orders and designs that nobody has opened, listed and released."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

import msgspec
from fastapi import APIRouter, Path
from pydantic import TypeAdapter
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from consumers.questions.held import HeldReportSummary, list_held, release_held
from domain.event import strict
from domain.values import Name
from infra.http import examples, log_wait, openapi, writes
from infra.http.bodies import Body, json_response, parse
from infra.http.connection import DeploymentConnection
from infra.http.paging import Limit, Page, page_of


class HeldPage(msgspec.Struct, frozen=True, kw_only=True):
    """Held reports; `next` is the `page` of the next request, null at the end."""

    rows: Sequence[HeldReportSummary]
    next: str | None


@strict
@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseBody:
    """`customer` becomes the owner of the order; without one it belongs to nobody, for good."""

    customer: Name | None = None


_release_body = TypeAdapter(ReleaseBody)
_EXAMPLE = HeldPage(
    rows=[
        HeldReportSummary(
            id=UUID(examples.HELD_ID),
            subject="order/unopened",
            type="order.operation-started.v1",
            received=datetime(2026, 3, 1, 14, tzinfo=UTC),
        )
    ],
    next=None,
)
_PAGE = openapi.json_content(HeldPage, _EXAMPLE)


def make_router(connection: DeploymentConnection) -> APIRouter:
    """`GET /v1/held` and `POST /v1/held/{id}/release`."""
    router = APIRouter(tags=["operations"])

    @router.get(
        "/v1/held",
        operation_id="list-held",
        summary="Reports that wait for their order to be opened.",
        responses=openapi.responses(422, s200=("Held reports.", _PAGE)),
        response_class=Response,
    )
    def list_held_reports(limit: Limit = 100, page: Page = None) -> Response:
        """They are appended as soon as their order is drafted."""
        reports = list_held(connection.deployment.held_report_store)
        rows, following = page_of(reports, lambda report: report.id, page, limit)
        return json_response(HeldPage(rows=rows, next=following))

    @router.post(
        "/v1/held/{id}/release",
        operation_id="release-held",
        summary="Open an order with a held report.",
        openapi_extra=openapi.json_body(ReleaseBody, {"customer": examples.CUSTOMER}),
        responses=writes.responses(403, 404, 409, 413, 422),
        response_class=Response,
    )
    async def release(
        id: Annotated[
            str,
            Path(
                description="The report's id, as the list has it.",
                json_schema_extra={"format": "uuid"},
                examples=[examples.HELD_ID],
            ),
        ],
        body: Body,
        wait: log_wait.Wait = None,
        timeout_s: log_wait.LogTimeout = 5,
    ) -> Response:
        """The other reports that wait for the same order are appended too."""
        request, deployment = parse(_release_body, body), connection.deployment
        log_wait.check(deployment, wait)
        appended = await run_in_threadpool(
            release_held, id, request.customer, deployment.held_reports
        )
        return await writes.answer(deployment, appended.positions, wait, timeout_s)

    return router
