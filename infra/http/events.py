"""POST /v1/events: facts and reports of publishers, answered item by item."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Annotated, Literal

import msgspec
from fastapi import APIRouter, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from consumers.doors.envelope import EVENT_MESSAGE
from consumers.doors.inbox import JSON, STRUCTURED, purposes_of
from consumers.ports.store import Appended, ReportHeld
from domain.errors import Refusal
from domain.values import PURPOSES
from infra.http import cloudevents, cursors, examples, log_wait, openapi, problems
from infra.http.bodies import Body, json_response, media_type
from infra.http.connection import DeploymentConnection
from infra.http.problems import Problem


class PublishedItem(msgspec.Struct, frozen=True, kw_only=True):
    """The outcome of one event: `position` if it is stored, `problem` if it is refused.

    `known`: it was stored before, at this position.
    """

    status: Literal["accepted", "known", "held", "refused"]
    position: str | None = None
    problem: Problem | None = None


class PublishResult(msgspec.Struct, frozen=True, kw_only=True):
    """An item for each event, in their order.

    `min_position`, as a parameter of a view, makes it wait until it contains all stored items.
    `in_log` is null unless the request had `wait=log`.
    """

    items: Sequence[PublishedItem]
    min_position: str | None
    in_log: bool | None


EVENT_SCHEMA = openapi.request_schema(EVENT_MESSAGE, "Event")
_RESULT = openapi.json_content(PublishResult)
_HEADERS = [
    {
        "name": f"ce-{attribute}",
        "in": "header",
        "description": "In binary mode: the attribute, percent-encoded.",
        "schema": {"type": "string"},
    }
    for attribute in EVENT_MESSAGE.__annotations__
    if attribute not in ("data", "datacontenttype")
]
_REQUEST = openapi.request_body(
    {
        STRUCTURED: openapi.with_example(EVENT_SCHEMA, examples.EVENT),
        cloudevents.BATCH: openapi.with_example(
            {"type": "array", "items": EVENT_SCHEMA, "maxItems": cloudevents.MOST},
            [examples.EVENT, examples.REPORT],
        ),
        JSON: openapi.with_example({"type": "object"}, examples.EVENT["data"]),
    }
)
_Basis = Annotated[
    str,
    Query(
        description="Purposes, separated by commas, that are recorded as the customers' consent.",
        pattern=f"^({'|'.join(PURPOSES)})(,({'|'.join(PURPOSES)}))*$",
        examples=["fulfil,personalize"],
    ),
]


def make_router(connection: DeploymentConnection) -> APIRouter:
    """`POST /v1/events`."""
    router = APIRouter(tags=["events"])

    @router.post(
        "/v1/events",
        operation_id="publish",
        summary="Publish facts and reports.",
        openapi_extra={**_REQUEST, "parameters": _HEADERS},
        status_code=HTTPStatus.CREATED,
        responses=openapi.responses(
            403, 409, 413, 415, 422,
            s200=("A batch, item by item; or one event that was stored before.", _RESULT),
            s201=("One event, stored.", _RESULT),
            s202=(f"One report, held until its order is opened. {log_wait.LATE}", _RESULT),
        ),
        response_class=Response,
    )  # fmt: skip
    async def publish(
        request: Request, body: Body, basis: _Basis | None = None,
        wait: log_wait.Wait = None, timeout_s: log_wait.LogTimeout = 5,
    ) -> Response:  # fmt: skip
        """One event (structured, or binary with its attributes in headers) or a batch.

        Sending an event again is safe: it is recognized by its source and id. A batch is never
        refused as a whole: each item states its outcome.
        """
        deployment = connection.deployment
        log_wait.check(deployment, wait)
        media = media_type(request)
        messages = cloudevents.messages(media, request.headers.items(), body)
        gate = await run_in_threadpool(deployment.gate, purposes_of(basis or ""))
        answers = await run_in_threadpool(gate.accept, messages, datetime.now(UTC))
        if media != cloudevents.BATCH and isinstance(answers[0], Refusal):
            raise answers[0]
        status = HTTPStatus.OK if media == cloudevents.BATCH else _status(answers[0])
        positions = [p for a in answers if isinstance(a, Appended) for p in a.positions]
        in_log = await log_wait.in_log(deployment, positions, wait, timeout_s)
        if in_log is False:
            status = HTTPStatus.ACCEPTED
        result = PublishResult(
            items=[_item(answer) for answer in answers],
            min_position=cursors.after(deployment, positions),
            in_log=in_log,
        )
        return json_response(result, status)

    return router


def _item(answer: Appended | ReportHeld | Refusal) -> PublishedItem:
    match answer:
        case Appended(positions=[position], duplicate=duplicate):
            return PublishedItem(
                status="known" if duplicate else "accepted", position=str(position)
            )
        case ReportHeld():
            return PublishedItem(status="held")
        case Refusal():
            return PublishedItem(status="refused", problem=problems.from_refusal(answer))
    raise AssertionError(answer)


def _status(answer: Appended | ReportHeld | Refusal) -> HTTPStatus:
    match answer:
        case ReportHeld():
            return HTTPStatus.ACCEPTED
        case Appended(duplicate=True):
            return HTTPStatus.OK
    return HTTPStatus.CREATED
