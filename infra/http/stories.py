"""GET /v1/stories/{kind}/{id}: the events of a subject with their causes and effects."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path, Query
from msgspec.structs import asdict
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from consumers.questions.rows import Freshness, Lag, freshness, resolve_key
from consumers.questions.story import StoryChoice, StoryNode, tell_story
from domain.subject import Subject
from infra.deployment import Deployment
from infra.http import examples, openapi
from infra.http.bodies import json_response
from infra.http.connection import DeploymentConnection
from infra.http.min_position import MinPosition, ViewTimeout, wait_for_views
from infra.http.problems import HttpRefusal

_VIEWS = ("audit", "backlog")


class StoryAnswer(Freshness, frozen=True, kw_only=True):
    """The story of a subject.

    `rows` are the subject's own events, as the view `audit` has them; `tree` has them among their
    causes and effects, each node `depth` levels below the first cause. `more`: the subject has more
    events than `limit`. `choices` are those of an order.
    """

    rows: Sequence[Any]
    more: bool
    tree: Sequence[StoryNode]
    choices: Sequence[StoryChoice]


_EXAMPLE = StoryAnswer(
    rows=[],
    more=False,
    tree=[
        StoryNode(
            depth=0,
            id=UUID("2f6a8f2e-7c55-5d0e-8d6e-0e4b5b0f6a11"),
            type="order.order-drafted.v1",
            subject="order/order-place",
            time=datetime(2026, 3, 1, 12, tzinfo=UTC),
            actor="clerk-1",
            channel="http",
            reason=None,
            position="1.3.42",
            unexpected=[],
        )
    ],
    choices=[],
    position=examples.POSITION,
    lag=Lag(events=0, seconds=0.0),
    parked=0,
)


def make_router(connection: DeploymentConnection) -> APIRouter:
    """`GET /v1/stories/{kind}/{id}`."""
    router = APIRouter(tags=["stories"])

    @router.get(
        "/v1/stories/{kind}/{id:path}",
        operation_id="read-story",
        summary="What happened to a subject, why, and what followed from it.",
        responses=openapi.responses(
            404, 409, 422, 504, s200=("The story.", openapi.json_content(StoryAnswer, _EXAMPLE))
        ),
        response_class=Response,
    )
    async def read_story(
        kind: Annotated[
            str,
            Path(
                description="The kind of the subject: order, design, catalogue, customer.",
                pattern="^[a-z-]{1,20}$",
                examples=["order"],
            ),
        ],
        id: Annotated[
            str,
            Path(
                description="Its id; of a customer also `namespace:id`.",
                pattern="^[^\\x00-\\x1f\\x7f]{1,190}$",
                examples=["order-place"],
            ),
        ],
        limit: Annotated[int, Query(ge=1, le=1000, description="Events, at most.")] = 100,
        min_position: MinPosition = None,
        timeout_s: ViewTimeout = 5,
    ) -> Response:
        """Causes are followed up and effects down, also into other subjects."""
        deployment = connection.deployment
        await wait_for_views(deployment, _VIEWS, min_position, timeout_s)
        return await run_in_threadpool(_story, deployment, Subject(kind, id), limit)

    return router


def _story(deployment: Deployment, subject: Subject, limit: int) -> Response:
    current = freshness(_VIEWS, deployment.views, deployment.progress)
    key = resolve_key(str(subject), deployment.owners(deployment.reader_pool))
    story = tell_story(key, deployment.views, limit)
    if not story.rows:
        raise HttpRefusal(
            HTTPStatus.NOT_FOUND,
            f"nothing is recorded about this {subject.kind}: check the kind and the id, or send "
            "the min_position of your last write",
            "id",
        )
    return json_response(StoryAnswer(**asdict(story), **asdict(current)))
