"""ASGI middleware: decides whether a request may be answered, and catches unforeseen exceptions."""

from __future__ import annotations

import hmac
import re
import traceback
from http import HTTPStatus

import structlog
from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from infra.http.problems import Problem, internal_error, problem, response

_LOOPBACK = ("localhost", "127.0.0.1", "[::1]")

log = structlog.get_logger()


class Guard:
    """Requires the token where one is set; without one, a Host header that names the loopback.

    The Host header is checked because of DNS rebinding: a web page can point its own name at
    127.0.0.1, and the browser then lets it read our answers, but sends that name as the host.
    """

    def __init__(self, app: ASGIApp, token: str | None) -> None:
        self._app = app
        self._token = token.encode() if token else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
        elif refusal := self._refusal(Headers(scope=scope)):
            challenge = {"WWW-Authenticate": "Bearer"} if refusal.status == 401 else None
            await response(refusal, challenge)(scope, receive, send)
        else:
            await self._call(scope, receive, send)

    async def _call(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Calls the application. An exception is logged and, if still possible, answered by 500."""
        started = False

        async def send_and_note(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self._app(scope, receive, send_and_note)
        except ClientDisconnect:
            pass  # in the middle of its request: there is nobody to answer
        except Exception as error:
            # The message may hold a personal value, so only the type and the place are logged.
            frames = traceback.format_tb(error.__traceback__)
            log.error("fault", error=type(error).__name__, at="".join(frames[-4:]))
            if not started:
                await internal_error()(scope, receive, send)

    def _refusal(self, headers: Headers) -> Problem | None:
        if self._token:
            scheme, _, token = headers.get("authorization", "").partition(" ")
            same = hmac.compare_digest(token.encode("latin-1"), self._token)
            if same and scheme.lower() == "bearer":
                return None
            detail = "send `Authorization: Bearer` and the token that ORDERMADE_HTTP_TOKEN names"
            return problem("unauthorized", HTTPStatus.UNAUTHORIZED, detail, "Authorization")
        if re.sub(r":\d+$", "", headers.get("host", "")).lower() in _LOOPBACK:
            return None
        detail = "without ORDERMADE_HTTP_TOKEN only localhost is answered: ask for 127.0.0.1"
        return problem("misdirected", HTTPStatus.MISDIRECTED_REQUEST, detail, "Host")
