"""GET /v1/lag: how far the views, the relay and the inbox are behind."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from fastapi import APIRouter
from starlette.responses import Response

from consumers.questions.lag import PartitionLag
from infra.http import openapi
from infra.http.bodies import json_response
from infra.http.connection import DeploymentConnection


class LagRows(msgspec.Struct, frozen=True):
    """A row for each consumer group and partition."""

    rows: Sequence[PartitionLag]


_EXAMPLE = LagRows(
    rows=[
        PartitionLag(
            view="profile",
            group="profile_v2",
            partition=3,
            head=41,
            position=40,
            events=1,
            seconds=0.2,
            member="host-4711",
            stopped=None,
        )
    ]
)


def make_router(connection: DeploymentConnection) -> APIRouter:
    """`GET /v1/lag`."""
    router = APIRouter(tags=["operations"])

    @router.get(
        "/v1/lag",
        operation_id="read-lag",
        summary="How far each consumer group is behind, by partition.",
        responses=openapi.responses(s200=("Lags.", openapi.json_content(LagRows, _EXAMPLE))),
        response_class=Response,
    )
    def read_lag() -> Response:
        """The groups are those of the views and, with Kafka, the relay and the inbox."""
        return json_response(LagRows(rows=connection.deployment.group_lags()))

    return router
