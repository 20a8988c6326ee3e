"""Before and around everything: who may ask, and faults that nobody foresaw."""

from __future__ import annotations

import hmac
import re
import traceback
from http import HTTPStatus

import structlog
from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from infra.http.problems import Problem, answer, problem, unforeseen

_HERE = ("localhost", "127.0.0.1", "[::1]")

log = structlog.get_logger()


class Guard:
    """Asks for the token where there is one; where there is none, for a name of this machine.

    A page in a browser of this machine may be made to send here what it likes, under its own name.
    """

    def __init__(self, app: ASGIApp, token: str | None) -> None:
        self._app = app
        self._token = token.encode() if token else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
        elif refusal := self._refusal(Headers(scope=scope)):
            challenge = {"WWW-Authenticate": "Bearer"} if refusal.status == 401 else None
            await answer(refusal, challenge)(scope, receive, send)
        else:
            await self._watched(scope, receive, send)

    async def _watched(self, scope: Scope, receive: Receive, send: Send) -> None:
        began = False

        async def noting(message: Message) -> None:
            nonlocal began
            began = True
            await send(message)

        try:
            await self._app(scope, receive, noting)
        except ClientDisconnect:
            pass  # in the middle of its request: there is nobody to answer
        except Exception as error:
            # The error's words may hold a value: where it happened is what is told.
            frames = traceback.format_tb(error.__traceback__)
            log.error("fault", error=type(error).__name__, at="".join(frames[-4:]))
            if not began:
                await unforeseen()(scope, receive, send)

    def _refusal(self, headers: Headers) -> Problem | None:
        if self._token:
            scheme, _, given = headers.get("authorization", "").partition(" ")
            same = hmac.compare_digest(given.encode("latin-1"), self._token)
            if same and scheme.lower() == "bearer":
                return None
            said = "send `Authorization: Bearer` and the token that ORDERMADE_HTTP_TOKEN names"
            return problem("unauthorized", HTTPStatus.UNAUTHORIZED, said, "Authorization")
        if re.sub(r":\d+$", "", headers.get("host", "")).lower() in _HERE:
            return None
        said = "without ORDERMADE_HTTP_TOKEN only localhost is answered: ask for 127.0.0.1"
        return problem("misdirected", HTTPStatus.MISDIRECTED_REQUEST, said, "Host")
