"""Errors as problem+json (RFC 9457): a sentence with the remedy, the field, and never a value."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus

import msgspec
import psycopg
import psycopg_pool
import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from consumers.ports.log import LogBroken, StoreBehind
from domain.errors import ConsentMissing, Malformed, Refusal
from infra.http.connection import Opened
from infra.postgres.server.embedded import ServerUnavailable
from infra.postgres.store.feed import CursorElsewhere

MEDIA = "application/problem+json"
_AWAY = (
    psycopg.OperationalError,
    psycopg.InterfaceError,
    psycopg_pool.PoolTimeout,
    psycopg_pool.PoolClosed,
    ServerUnavailable,
)

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """What is wrong and what mends it; `field` names the culprit where there is one."""

    type: str
    title: str
    status: int
    detail: str
    field: str | None = None


class Unfit(Exception):
    """A request that HTTP refuses by itself, before anybody is asked."""

    def __init__(self, status: HTTPStatus, detail: str, field: str | None = None) -> None:
        super().__init__(detail)
        self.status, self.field = status, field


def problem(kind: str, status: int, detail: str, field: str | None = None) -> Problem:
    named = f"urn:ordermade:problem:{kind}"
    title = HTTPStatus(status).phrase
    return Problem(type=named, title=title, status=status, detail=detail, field=field)


def of(refusal: Refusal) -> Problem:
    """A refusal of the doors: 422 not understood, 403 not consented to, 409 not as things are."""
    match refusal:
        case Malformed():
            status = HTTPStatus.UNPROCESSABLE_ENTITY
        case ConsentMissing():
            status = HTTPStatus.FORBIDDEN
        case _:
            status = HTTPStatus.CONFLICT
    kind = re.sub(r"(?<!^)(?=[A-Z])", "-", type(refusal).__name__).lower()
    return problem(kind, status, str(refusal), refusal.field)


def answer(said: Problem, headers: Mapping[str, str] | None = None) -> Response:
    return Response(msgspec.json.encode(said), said.status, headers, MEDIA)


def unforeseen() -> Response:
    """What is left to say of a fault of ours; the log has the rest."""
    said = "this is a fault of the server, which has noted it: send the request again later"
    return answer(problem("fault", HTTPStatus.INTERNAL_SERVER_ERROR, said))


def install(app: FastAPI, opened: Opened) -> None:
    """Answers every error that is foreseen."""

    @app.exception_handler(Refusal)
    def refused(_: Request, error: Refusal) -> Response:
        return answer(of(error))

    @app.exception_handler(Unfit)
    def unfit(_: Request, error: Unfit) -> Response:
        kind = error.status.phrase.lower().replace(" ", "-")
        return answer(problem(kind, error.status, str(error), error.field))

    @app.exception_handler(CursorElsewhere)
    def elsewhere(_: Request, error: CursorElsewhere) -> Response:
        return answer(problem("cursor-elsewhere", HTTPStatus.CONFLICT, str(error)))

    @app.exception_handler(RequestValidationError)
    def invalid(_: Request, error: RequestValidationError) -> Response:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"][1:])
        words = "is missing: add it" if first["type"] == "missing" else first["msg"]
        return answer(of(Malformed(f"{field}: {words}", field)))

    @app.exception_handler(psycopg.DataError)
    def unstorable(_: Request, __: psycopg.DataError) -> Response:
        return answer(of(Malformed("a word of the request is none that can be looked up: mend it")))

    @app.exception_handler(StoreBehind)
    def behind(_: Request, error: StoreBehind) -> Response:
        return answer(problem("store-behind", HTTPStatus.SERVICE_UNAVAILABLE, str(error)))

    @app.exception_handler(LogBroken)
    def broken(_: Request, error: LogBroken) -> Response:
        return answer(problem("log-broken", HTTPStatus.INTERNAL_SERVER_ERROR, str(error)))

    @app.exception_handler(HTTPException)
    def elsewise(_: Request, error: HTTPException) -> Response:
        phrase = HTTPStatus(error.status_code).phrase
        detail = f"{phrase.lower()}: /openapi.json says what there is, and how it is asked for"
        kind = phrase.lower().replace(" ", "-")
        return answer(problem(kind, error.status_code, detail), error.headers)

    def away(_: Request, error: Exception) -> Response:
        log.warning("database away", error=type(error).__name__)
        opened.lost()
        said = (
            "the database does not answer just now: send the request again in a moment; "
            "what was stored already is known by its id"
        )
        return answer(
            problem("database-away", HTTPStatus.SERVICE_UNAVAILABLE, said), {"Retry-After": "1"}
        )

    for kind in _AWAY:
        app.add_exception_handler(kind, away)
