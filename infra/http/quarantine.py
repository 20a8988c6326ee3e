"""/v1/quarantine: refused messages of the inbox, listed, shown, amended, sent again, dropped."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Annotated, Any
from uuid import UUID

import msgspec
from fastapi import APIRouter, Path
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from consumers.doors.inbox import STRUCTURED
from consumers.questions.quarantine import (
    QuarantineEntry,
    ResendResult,
    StillRefused,
    amend_quarantined,
    drop_quarantined,
    list_quarantined,
    resend_quarantined,
    show_quarantined,
)
from infra.http import examples, openapi
from infra.http.bodies import Body, json_response
from infra.http.connection import DeploymentConnection
from infra.http.events import EVENT_SCHEMA
from infra.http.paging import Limit, Page, page_of


class QuarantinePage(msgspec.Struct, frozen=True, kw_only=True):
    """Messages in quarantine; `next` is the `page` of the next request, null at the end."""

    rows: Sequence[QuarantineEntry]
    next: str | None


def _id(example: str) -> Any:
    return Path(
        description="The message's id, as the list has it.",
        json_schema_extra={"format": "uuid"},
        examples=[examples.QUARANTINED_IDS[example]],
    )


_Id = Annotated[str, _id("read")]
_AmendId = Annotated[str, _id("amend")]
_DropId = Annotated[str, _id("drop")]
_REASON = "data.value: is missing: add it"
_ENTRY = QuarantineEntry(
    id=UUID(examples.QUARANTINED_IDS["read"]),
    partition=0,
    offset=41,
    received=datetime(2026, 3, 1, 14, tzinfo=UTC),
    reason=_REASON,
)
_PAGE = openapi.json_content(QuarantinePage, QuarantinePage(rows=[_ENTRY], next=None))
_MESSAGE = openapi.json_object(
    "QuarantinedMessage",
    "The entry, and the message as it came: `headers`, `key` and `value`, or `key_base64` and "
    "`value_base64` where they are not UTF-8.",
    {**msgspec.to_builtins(_ENTRY), "headers": {"basis": "fulfil"}, "key": None, "value": "{}"},
)
_RESULT = openapi.json_content(
    ResendResult, ResendResult(accepted=2, refused=[StillRefused(_ENTRY.id, _REASON)])
)
_SENT = ("How many were accepted, and which were refused again.", _RESULT)


def make_router(connection: DeploymentConnection) -> APIRouter:
    """`/v1/quarantine`."""
    router = APIRouter(tags=["operations"])

    @router.get(
        "/v1/quarantine",
        operation_id="list-quarantine",
        summary="Messages of the inbox that were refused, with the reason.",
        responses=openapi.responses(422, s200=("Messages, unopened.", _PAGE)),
        response_class=Response,
    )
    def list_messages(limit: Limit = 100, page: Page = None) -> Response:
        entries = list_quarantined(connection.deployment.quarantine)
        rows, following = page_of(entries, lambda entry: entry.id, page, limit)
        return json_response(QuarantinePage(rows=rows, next=following))

    @router.post(
        "/v1/quarantine/send",
        operation_id="send-quarantine",
        summary="Send all messages in quarantine again.",
        responses=openapi.responses(403, s200=_SENT),
        response_class=Response,
    )
    def send_all() -> Response:
        """Accepted messages leave the quarantine."""
        deployment = connection.deployment
        return json_response(
            resend_quarantined(None, deployment.quarantine, deployment.inbox_receiver)
        )

    @router.get(
        "/v1/quarantine/{id:uuid}",  # so that GET /v1/quarantine/send is 405
        operation_id="read-quarantined",
        summary="A message in quarantine as it came, opened.",
        responses=openapi.responses(404, 422, s200=("The message.", _MESSAGE)),
        response_class=Response,
    )
    def read_message(id: Annotated[UUID, _id("read")]) -> Response:
        return json_response(show_quarantined(str(id), connection.deployment.quarantine))

    @router.post(
        "/v1/quarantine/{id}/amend",
        operation_id="amend-quarantined",
        summary="Send an event in place of a message, with its basis.",
        openapi_extra=openapi.request_body(
            {STRUCTURED: openapi.with_example(EVENT_SCHEMA, examples.EVENT)}
        ),
        responses=openapi.responses(403, 404, 413, 422, s200=_SENT),
        response_class=Response,
    )
    async def amend(id: _AmendId, body: Body) -> Response:
        """If it is refused, it stays in quarantine in place of the message."""
        deployment = connection.deployment
        result = await run_in_threadpool(
            amend_quarantined, id, body, deployment.quarantine, deployment.inbox_receiver
        )
        return json_response(result)

    @router.post(
        "/v1/quarantine/{id}/send",
        operation_id="send-quarantined",
        summary="Send a message again as it is.",
        responses=openapi.responses(403, 404, 422, s200=_SENT),
        response_class=Response,
    )
    def send(id: _Id) -> Response:
        """If it is accepted, it leaves the quarantine."""
        deployment = connection.deployment
        return json_response(
            resend_quarantined([id], deployment.quarantine, deployment.inbox_receiver)
        )

    @router.post(
        "/v1/quarantine/{id}/drop",
        operation_id="drop-quarantined",
        summary="Delete a message for good.",
        status_code=HTTPStatus.NO_CONTENT,
        responses=openapi.responses(403, 404, 422, s204=("Deleted.", {})),
        response_class=Response,
    )
    def drop(id: _DropId) -> Response:
        drop_quarantined(id, connection.deployment.quarantine)
        return Response(status_code=HTTPStatus.NO_CONTENT)

    return router
