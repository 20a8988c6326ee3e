"""GET /v1/log: the log by the page, or as server-sent events as long as somebody listens."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated, Any

import psycopg
import psycopg_pool
from fastapi import APIRouter, Header, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response, StreamingResponse

from domain.event import Cursor
from infra.http import cursors, examples, spec
from infra.http.connection import Opened
from infra.http.problems import Unfit
from infra.postgres.store.feed import CursorElsewhere, Fed, start

MOST_LISTENERS = 64
_HEARTBEAT_S = 15.0
_LOOK_S = 0.1  # between looks at the log's heads, however many listen
_STREAM = "text/event-stream"


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """`events` are CloudEvents as stored: personal values are sealed, `{"sealed": …}`.

    `next` is the `after` to go on with; without events, this is the end for now.
    """

    events: list[dict[str, Any]]
    next: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """`position` is the end of the log: the cursor of who wants only what comes."""

    status: str
    position: str


_PAGE = {
    **spec.json_of(spec.ref(Page)),
    _STREAM: {
        "schema": {"type": "string"},
        "example": f"id: MTow\ndata: {examples.EVENT}\n\n",
    },
}
_After = Annotated[
    str | None, Query(description="A cursor: what comes after it. Without one: from the beginning.")
]
_Limit = Annotated[int, Query(ge=1, le=1000, description="Events in a page, at most.")]
_Last = Annotated[
    str | None,
    Header(alias="Last-Event-ID", description="Of a stream that is resumed: stands for `after`."),
]


class _Heads:
    """The log's end, looked up once for all who listen."""

    def __init__(self, opened: Opened) -> None:
        self._opened, self._lock = opened, asyncio.Lock()
        self._at, self._heads = 0.0, Cursor(0, ())

    async def now(self) -> Cursor:
        async with self._lock:
            if time.monotonic() - self._at > _LOOK_S:
                self._heads = await run_in_threadpool(self._opened.deployment.feed.heads)
                self._at = time.monotonic()
        return self._heads


def routes(opened: Opened, stopping: Callable[[], bool]) -> APIRouter:
    router = APIRouter(tags=["log"])
    heads = _Heads(opened)
    listeners = 0

    @router.get(
        "/v1/health",
        summary="Whether the database answers.",
        responses=spec.answers(s200=("It does.", spec.json_of(spec.ref(Health)))),
    )
    def health() -> Health:
        return Health(status="ok", position=str(opened.deployment.feed.heads()))

    @router.get(
        "/v1/log",
        summary="What was recorded, in order.",
        responses=spec.answers(409, 422, 429, s200=("Events as stored.", _PAGE)),
        response_class=Response,
    )
    async def log(
        request: Request, after: _After = None, limit: _Limit = 100, last_event_id: _Last = None
    ) -> Response:
        """Each customer's events come in their order; between customers there is none.

        With `Accept: text/event-stream` the answer does not end: each event has a cursor as its
        id, and a comment comes every 15 s where nothing else does.
        """
        streams = _STREAM in request.headers.get("accept", "")
        said = (streams and last_event_id) or after
        now = await heads.now()
        cursor = start(now) if said is None else cursors.parse(said, "after")
        if not streams:
            return await run_in_threadpool(_page, opened, cursor, limit)
        await run_in_threadpool(opened.deployment.feed.check, cursor)
        if listeners >= MOST_LISTENERS:
            raise Unfit(
                HTTPStatus.TOO_MANY_REQUESTS,
                f"{MOST_LISTENERS} listen already: read by the page, or try again later",
            )
        return StreamingResponse(listen(cursor), media_type=_STREAM)

    async def listen(cursor: Cursor) -> AsyncIterator[bytes]:
        nonlocal listeners
        listeners += 1
        try:
            async for part in _stream(opened, heads, cursor, stopping):
                yield part
        finally:
            listeners -= 1

    return router


def _page(opened: Opened, after: Cursor, limit: int) -> Response:
    fed = opened.deployment.feed.read(after, limit)
    events = b",".join(one.envelope for one in fed)
    said = b'{"events":[%b],"next":"%b"}' % (events, str(_upto(fed, after)).encode())
    return Response(said, media_type="application/json")


def _upto(fed: list[Fed], after: Cursor) -> Cursor:
    return fed[-1].cursor if fed else after


async def _stream(
    opened: Opened, heads: _Heads, cursor: Cursor, stopping: Callable[[], bool]
) -> AsyncIterator[bytes]:
    """Ends where the database is away or the log is another: who listens asks again."""
    yield b": the log\n\n"
    heard = time.monotonic()
    try:
        while not stopping():
            fed: list[Fed] = []
            if await heads.now() != cursor:
                fed = await run_in_threadpool(opened.deployment.feed.read, cursor, 500)
            if fed:
                cursor, heard = fed[-1].cursor, time.monotonic()
                yield b"".join(
                    b"id: %b\ndata: %b\n\n" % (str(one.cursor).encode(), one.envelope)
                    for one in fed
                )
            else:
                if time.monotonic() - heard > _HEARTBEAT_S:
                    heard = time.monotonic()
                    yield b": nothing new\n\n"
                await asyncio.sleep(_LOOK_S)
    except (CursorElsewhere, psycopg.Error, psycopg_pool.PoolTimeout, psycopg_pool.PoolClosed):
        return
