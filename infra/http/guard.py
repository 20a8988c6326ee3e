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
_SAFE_METHODS = ("GET", "HEAD", "OPTIONS")

log = structlog.get_logger()


class Guard:
    """Refuses requests without the token, from other web sites, and under other host names.

    - Where a token is set, every request needs it.
    - Without a token, the Host header must name the loopback. A web page can point its own name at
      127.0.0.1 (DNS rebinding): its requests then count as same-origin, but have that name as host.
    - A browser sends a request of any web page to any address, also to the loopback. What is not a
      GET, HEAD or OPTIONS request is refused unless it is same-origin or not sent by a browser:
      see `_is_cross_origin`.
    """

    def __init__(self, app: ASGIApp, token: str | None) -> None:
        self._app = app
        self._token = token.encode() if token else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
        elif refusal := self._refusal(scope["method"], Headers(scope=scope)):
            challenge = {"WWW-Authenticate": "Bearer"} if refusal.status == 401 else None
            await response(refusal, challenge)(scope, receive, send)
        else:
            await self._call(scope, receive, send)

    async def _call(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Call the application. An exception is logged and, if still possible, answered by 500."""
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

    def _refusal(self, method: str, headers: Headers) -> Problem | None:
        if self._token and not self._has_token(headers):
            detail = "send `Authorization: Bearer` and the token that ORDERMADE_HTTP_TOKEN names"
            return problem("unauthorized", HTTPStatus.UNAUTHORIZED, detail, "Authorization")
        if not self._token and _without_port(headers.get("host", "")) not in _LOOPBACK:
            detail = "without ORDERMADE_HTTP_TOKEN only localhost is answered: ask for 127.0.0.1"
            return problem("misdirected", HTTPStatus.MISDIRECTED_REQUEST, detail, "Host")
        if method not in _SAFE_METHODS and _is_cross_origin(headers):
            detail = (
                "a web page of another origin may not do this: send it from a server, or from a "
                "page that this address serves"
            )
            return problem("cross-origin", HTTPStatus.FORBIDDEN, detail, "Origin")
        return None

    def _has_token(self, headers: Headers) -> bool:
        scheme, _, token = headers.get("authorization", "").partition(" ")
        same = hmac.compare_digest(token.encode("latin-1"), self._token or b"")
        return same and scheme.lower() == "bearer"


def _is_cross_origin(headers: Headers) -> bool:
    """Whether a browser sent the request for a page of another origin.

    Browsers send Sec-Fetch-Site, which pages cannot set; older ones only Origin, whose host and
    port must then be those of the Host header. Clients that are no browsers send neither. A proxy
    may change the scheme, so it is not compared. (The rule of Go's http.CrossOriginProtection.)
    """
    if site := headers.get("sec-fetch-site"):
        return site not in ("same-origin", "none")
    origin = headers.get("origin")
    return origin is not None and origin.partition("://")[2] != headers.get("host")


def _without_port(host: str) -> str:
    return re.sub(r":\d+$", "", host).lower()
