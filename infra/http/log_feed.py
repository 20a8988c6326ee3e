"""GET /v1/log: the log in pages, or as server-sent events until the client disconnects."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from http import HTTPStatus
from typing import Annotated, Any

import msgspec
import psycopg
import psycopg_pool
from fastapi import APIRouter, Header, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response, StreamingResponse

from domain.event import Cursor
from infra.http import cursors, examples, openapi
from infra.http.bodies import json_response
from infra.http.connection import DeploymentConnection
from infra.http.problems import HttpRefusal
from infra.postgres.store.feed import CursorInvalid, FeedEntry, beginning

MOST_LISTENERS = 64
_HEARTBEAT_S = 15.0
_POLL_S = 0.1  # of the log's heads, once for all listeners
_STREAM = "text/event-stream"


class LogPage(msgspec.Struct, frozen=True, kw_only=True):
    """`events` are CloudEvents as stored: a personal value is sealed, `{"sealed": …}`.

    `next` is the `after` of the next page; a page without events is the end for now.
    """

    events: list[dict[str, Any]]
    next: str


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """`position` is the end of the log: the cursor to read only new events from."""

    status: str
    position: str


_PAGE = {
    **openapi.json_content(LogPage),
    _STREAM: {
        "schema": {"type": "string"},
        "example": f"id: MTow\ndata: {examples.EVENT}\n\n",
    },
}
_After = Annotated[
    str | None, Query(description="A cursor: events after it. Without one: from the beginning.")
]
_Limit = Annotated[int, Query(ge=1, le=1000, description="Events in a page, at most.")]
_LastEventId = Annotated[
    str | None,
    Header(
        alias="Last-Event-ID",
        description="Sent by a client that resumes a stream: takes precedence.",
    ),
]


class _Heads:
    """The end of the log, polled once for all listeners."""

    def __init__(self, connection: DeploymentConnection) -> None:
        self._connection, self._lock = connection, asyncio.Lock()
        self._read_at, self._heads = 0.0, Cursor(0, ())

    async def now(self) -> Cursor:
        async with self._lock:
            if time.monotonic() - self._read_at > _POLL_S:
                self._heads = await run_in_threadpool(self._connection.deployment.feed.heads)
                self._read_at = time.monotonic()
        return self._heads


def make_router(connection: DeploymentConnection, stopping: Callable[[], bool]) -> APIRouter:
    """`GET /v1/health` and `GET /v1/log`. Streams end as soon as `stopping` returns True."""
    router = APIRouter(tags=["log"])
    heads = _Heads(connection)
    listeners = 0

    @router.get(
        "/v1/health",
        operation_id="health",
        summary="Whether the database answers.",
        responses=openapi.responses(s200=("It does.", openapi.json_content(Health))),
    )
    def health() -> Response:
        return json_response(Health(status="ok", position=str(connection.deployment.feed.heads())))

    @router.get(
        "/v1/log",
        operation_id="read-log",
        summary="Read the log, in order.",
        responses=openapi.responses(409, 422, 429, s200=("Events as stored.", _PAGE)),
        response_class=Response,
    )
    async def log(
        request: Request,
        after: _After = None,
        limit: _Limit = 100,
        last_event_id: _LastEventId = None,
    ) -> Response:
        """The events of one customer are in order; those of different customers need not be.

        With `Accept: text/event-stream` the response does not end: each event has a cursor as its
        id, and a comment is sent after 15 s without an event.
        """
        is_stream = _STREAM in request.headers.get("accept", "")
        given = (is_stream and last_event_id) or after
        now = await heads.now()
        cursor = beginning(now) if given is None else cursors.parse(given, "after")
        if not is_stream:
            return await run_in_threadpool(_page, connection, cursor, limit)
        await run_in_threadpool(connection.deployment.feed.check, cursor)
        if listeners >= MOST_LISTENERS:
            raise HttpRefusal(
                HTTPStatus.TOO_MANY_REQUESTS,
                f"{MOST_LISTENERS} clients follow the log already: read it in pages, or try again "
                "later",
            )
        return StreamingResponse(listen(cursor), media_type=_STREAM)

    async def listen(cursor: Cursor) -> AsyncIterator[bytes]:
        nonlocal listeners
        listeners += 1
        try:
            async for part in _stream(connection, heads, cursor, stopping):
                yield part
        finally:
            listeners -= 1

    return router


def _page(connection: DeploymentConnection, after: Cursor, limit: int) -> Response:
    """The envelopes byte for byte as stored, which encoding them again would not promise."""
    page = connection.deployment.feed.read(after, limit)
    events = b",".join(event.envelope for event in page)
    end = page[-1].cursor if page else after
    body = b'{"events":[%b],"next":"%b"}' % (events, str(end).encode())
    return Response(body, media_type="application/json")


async def _stream(
    connection: DeploymentConnection, heads: _Heads, cursor: Cursor, stopping: Callable[[], bool]
) -> AsyncIterator[bytes]:
    """Server-sent events after a cursor.

    Ends when the database is unreachable or the log was restored: the client reconnects with its
    last id and is then answered with the problem.
    """
    yield b": the log\n\n"
    sent_at = time.monotonic()
    try:
        while not stopping():
            page: list[FeedEntry] = []
            if await heads.now() != cursor:
                page = await run_in_threadpool(connection.deployment.feed.read, cursor, 500)
            if page:
                cursor, sent_at = page[-1].cursor, time.monotonic()
                yield b"".join(
                    b"id: %b\ndata: %b\n\n" % (str(event.cursor).encode(), event.envelope)
                    for event in page
                )
            else:
                if time.monotonic() - sent_at > _HEARTBEAT_S:
                    sent_at = time.monotonic()
                    yield b": nothing new\n\n"
                await asyncio.sleep(_POLL_S)
    except (CursorInvalid, psycopg.Error, psycopg_pool.PoolTimeout, psycopg_pool.PoolClosed):
        return
