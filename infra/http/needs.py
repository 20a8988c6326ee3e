"""GET /v1/orders/{order_id}/needs and /v1/designs/{design_id}/needs: inputs that are needed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated

import msgspec
from fastapi import APIRouter, Path
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from consumers.questions.needs import NeededInput, needed_inputs
from domain.subject import Subject
from infra.deployment import Deployment
from infra.http import openapi
from infra.http.bodies import json_response
from infra.http.connection import DeploymentConnection
from infra.http.min_position import MinPosition, ViewTimeout, wait_for_views


class Needs(msgspec.Struct, frozen=True):
    """A row for each input that an option of a line needs."""

    rows: Sequence[NeededInput]


_EXAMPLE = Needs(
    rows=[
        NeededInput(
            line_id="L1",
            option="monogram",
            name="initials",
            question="Which initials?",
            obtained="asked",
            given=False,
            origin=None,
            since=None,
            event_id=None,
        )
    ]
)
_RESPONSES = openapi.responses(
    404, 409, 422, 504, s200=("The inputs.", openapi.json_content(Needs, _EXAMPLE))
)
_ID = "^[^\\x00-\\x1f\\x7f]{1,190}$"
_OrderId = Annotated[str, Path(description="The order's id.", pattern=_ID, examples=["needs"])]
_DesignId = Annotated[str, Path(description="The design's id.", pattern=_ID, examples=["needs"])]


def make_router(connection: DeploymentConnection) -> APIRouter:
    """The needs of an order and of a design."""
    router = APIRouter()

    @router.get(
        "/v1/orders/{order_id:path}/needs",
        operation_id="list-order-needs",
        tags=["orders"],
        summary="The inputs that the order needs, and those that the customer has given.",
        responses=_RESPONSES,
        response_class=Response,
    )
    async def list_order_needs(
        order_id: _OrderId, min_position: MinPosition = None, timeout_s: ViewTimeout = 5
    ) -> Response:
        return await _answer(Subject("order", order_id), min_position, timeout_s)

    @router.get(
        "/v1/designs/{design_id:path}/needs",
        operation_id="list-design-needs",
        tags=["designs"],
        summary="The inputs that the design needs, and those that the customer has given.",
        responses=_RESPONSES,
        response_class=Response,
    )
    async def list_design_needs(
        design_id: _DesignId, min_position: MinPosition = None, timeout_s: ViewTimeout = 5
    ) -> Response:
        return await _answer(Subject("design", design_id), min_position, timeout_s)

    async def _answer(subject: Subject, min_position: str | None, timeout_s: float) -> Response:
        deployment = connection.deployment
        await wait_for_views(deployment, ["profile"], min_position, timeout_s)
        return await run_in_threadpool(_needs, deployment, subject)

    return router


def _needs(deployment: Deployment, subject: Subject) -> Response:
    now = datetime.now(UTC)
    rows = needed_inputs(subject, deployment.store, deployment.books, deployment.views, now)
    return json_response(Needs(rows=rows))
