"""GET /v1/instructions/waiting: special instructions that a person must interpret."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from consumers.questions.instructions import (
    WaitingInstruction,
    WaitingInstructions,
    waiting_instructions,
)
from infra.http import openapi
from infra.http.bodies import json_response
from infra.http.connection import DeploymentConnection
from infra.http.min_position import MinPosition, ViewTimeout, wait_for_views

_Limit = Annotated[int, Query(ge=1, le=1000, description="Orders, at most.", examples=[100])]
_EXAMPLE = WaitingInstructions(
    rows=[
        WaitingInstruction(
            order="order-interpret",
            instruction="I1",
            line="L1",
            given=datetime(2026, 3, 1, 12, tzinfo=UTC),
            text="as loose as the last one",
            confidence=0.6,
            guess=["add-20-mm"],
        )
    ],
    more=False,
)


def make_router(connection: DeploymentConnection) -> APIRouter:
    """`GET /v1/instructions/waiting`."""
    router = APIRouter(tags=["operations"])

    @router.get(
        "/v1/instructions/waiting",
        operation_id="list-waiting-instructions",
        summary="Special instructions that wait for a person.",
        responses=openapi.responses(
            409, 422, 504,
            s200=("Instructions.", openapi.json_content(WaitingInstructions, _EXAMPLE)),
        ),
        response_class=Response,
    )  # fmt: skip
    async def list_waiting_instructions(
        limit: _Limit = 100, min_position: MinPosition = None, timeout_s: ViewTimeout = 5
    ) -> Response:
        """The command `order-interpret` states the meaning of one."""
        deployment = connection.deployment
        await wait_for_views(deployment, ["demand"], min_position, timeout_s)
        waiting = await run_in_threadpool(waiting_instructions, deployment.views, limit)
        return json_response(waiting)

    return router
