"""POST /v1/events: what publishers send goes through the gate, answered item by item."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Annotated, Literal

import msgspec
from fastapi import APIRouter, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from consumers.doors.inbox import DATA, ONE, purposes_of
from consumers.doors.message import Message
from consumers.ports.store import Appended, ReportHeld
from domain.errors import Refusal
from domain.values import PURPOSES
from infra.http import cloudevents, examples, problems, spec
from infra.http import log_wait as waiting
from infra.http.bodies import Body, media_type
from infra.http.connection import Opened
from infra.http.cursors import seen
from infra.http.problems import Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """What became of one event: `position` where it is stored, `problem` where it is refused."""

    status: Literal["accepted", "known", "held", "refused"]
    position: str | None = None
    problem: Problem | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """An item for each event, in their order.

    A view that is asked with `min_position` shows all that is stored of them. `in_log` is null
    unless `wait=log` asked for it.
    """

    items: Sequence[Item]
    min_position: str | None
    in_log: bool | None


_SCHEMA = spec.ref(Message, "Event")
_PUBLISHED = spec.json_of(spec.ref(Published))
_HEADERS = [
    {
        "name": f"ce-{attribute}",
        "in": "header",
        "description": "Of an event in headers only: the attribute, percent-encoded.",
        "schema": {"type": "string"},
    }
    for attribute in Message.__dataclass_fields__
    if attribute not in ("data", "datacontenttype")
]
_TAKES = spec.takes(
    {
        ONE: spec.example(_SCHEMA, examples.EVENT),
        cloudevents.BATCH: spec.example(
            {"type": "array", "items": _SCHEMA, "maxItems": cloudevents.MOST},
            [examples.EVENT, examples.REPORT],
        ),
        DATA: spec.example({"type": "object"}, examples.EVENT["data"]),
    }
)
_Basis = Annotated[
    str,
    Query(
        description="Purposes, by comma, that are recorded as consent of the events' customers.",
        pattern=f"^({'|'.join(PURPOSES)})(,({'|'.join(PURPOSES)}))*$",
        examples=["fulfil,personalize"],
    ),
]


def routes(opened: Opened) -> APIRouter:
    router = APIRouter(tags=["events"])

    @router.post(
        "/v1/events",
        summary="Publish facts and reports.",
        openapi_extra={**_TAKES, "parameters": _HEADERS},
        status_code=HTTPStatus.CREATED,
        responses=spec.answers(
            403, 409, 413, 415, 422,
            s200=("A batch item by item; or one event that was known.", _PUBLISHED),
            s201=("One event, stored.", _PUBLISHED),
            s202=(f"One report, held until its order is opened. {waiting.LATE}", _PUBLISHED),
        ),
        response_class=Response,
    )  # fmt: skip
    async def publish(
        request: Request, body: Body, basis: _Basis | None = None,
        wait: waiting.Wait = None, timeout_s: waiting.Timeout = 5,
    ) -> Response:  # fmt: skip
        """One event (structured, or binary with its attributes in headers) or a batch.

        Sending one again is safe: it is known by its source and id. A batch is never refused as a
        whole: each item tells what became of it.
        """
        deployment = opened.deployment
        waiting.check(deployment, wait)
        media = media_type(request)
        said = cloudevents.messages(media, request.headers.items(), body)
        gate = await run_in_threadpool(deployment.gate, purposes_of(basis or ""))
        answers = await run_in_threadpool(gate.accept, said, datetime.now(UTC))
        if media != cloudevents.BATCH and isinstance(answers[0], Refusal):
            raise answers[0]
        status = HTTPStatus.OK if media == cloudevents.BATCH else _status(answers[0])
        stored = [p for a in answers if isinstance(a, Appended) for p in a.positions]
        in_log = await waiting.in_log(deployment, stored, wait, timeout_s)
        if in_log is False:
            status = HTTPStatus.ACCEPTED
        told = Published(
            items=list(map(_item, answers)), min_position=seen(deployment, stored), in_log=in_log
        )
        return Response(msgspec.json.encode(told), status, media_type="application/json")

    return router


def _item(answer: Appended | ReportHeld | Refusal) -> Item:
    match answer:
        case Appended(positions=[position], duplicate=known):
            return Item(status="known" if known else "accepted", position=str(position))
        case ReportHeld():
            return Item(status="held")
        case Refusal():
            return Item(status="refused", problem=problems.of(answer))
    raise AssertionError(answer)


def _status(answer: Appended | ReportHeld | Refusal) -> HTTPStatus:
    match answer:
        case ReportHeld():
            return HTTPStatus.ACCEPTED
        case Appended(duplicate=True):
            return HTTPStatus.OK
    return HTTPStatus.CREATED
