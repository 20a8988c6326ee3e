"""POST /v1/events: what publishers send goes through the gate, answered item by item."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Annotated, Literal

import msgspec
from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from consumers.doors.intake import DATA, ONE, purposes_of
from consumers.doors.message import Message
from consumers.ports import Appended, Held
from domain.customer.consent import PURPOSES
from domain.errors import Refusal
from infra.http import cloudevents, examples, problems, spec
from infra.http.bodies import Body, media_type
from infra.http.cursors import seen
from infra.http.opened import Opened
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

    A view that is asked with `min_position` shows all that is stored of them.
    """

    items: Sequence[Item]
    min_position: str | None


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
            s202=("One report, held until its order is opened.", _PUBLISHED),
        ),
        response_class=Response,
    )  # fmt: skip
    def publish(request: Request, body: Body, basis: _Basis | None = None) -> Response:
        """One event (structured, or binary with its attributes in headers) or a batch.

        Sending one again is safe: it is known by its source and id. A batch is never refused as a
        whole: each item tells what became of it.
        """
        media = media_type(request)
        said = cloudevents.messages(media, request.headers.items(), body)
        gate = opened.app.gate(purposes_of(basis or ""))
        answers = gate.accept(said, datetime.now(UTC))
        if media != cloudevents.BATCH and isinstance(answers[0], Refusal):
            raise answers[0]
        status = HTTPStatus.OK if media == cloudevents.BATCH else _status(answers[0])
        stored = [p for a in answers if isinstance(a, Appended) for p in a.positions]
        told = Published(items=list(map(_item, answers)), min_position=seen(opened.app, stored))
        return Response(msgspec.json.encode(told), status, media_type="application/json")

    return router


def _item(answer: Appended | Held | Refusal) -> Item:
    match answer:
        case Appended(positions=[position], known=known):
            return Item(status="known" if known else "accepted", position=str(position))
        case Held():
            return Item(status="held")
        case Refusal():
            return Item(status="refused", problem=problems.of(answer))
    raise AssertionError(answer)


def _status(answer: Appended | Held | Refusal) -> HTTPStatus:
    match answer:
        case Held():
            return HTTPStatus.ACCEPTED
        case Appended(known=True):
            return HTTPStatus.OK
    return HTTPStatus.CREATED
