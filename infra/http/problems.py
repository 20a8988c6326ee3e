"""Errors as problem+json (RFC 9457): one sentence with the remedy, and the field, but no value."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import msgspec
import psycopg
import psycopg_pool
import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from consumers.ports.log import LogBroken, StoreBehind
from domain.errors import CodedError, ConsentMissing, Malformed, NotAllowed, NotFound, Refusal
from infra.http.connection import DeploymentConnection
from infra.http.remedies import explain
from infra.postgres.server.folder import ServerUnavailable
from infra.postgres.store.feed import CursorInvalid

MEDIA = "application/problem+json"
_DATABASE_ERRORS = (
    psycopg.OperationalError,
    psycopg.InterfaceError,
    psycopg_pool.PoolTimeout,
    psycopg_pool.PoolClosed,
    ServerUnavailable,
)

log = structlog.get_logger()


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """What is wrong and what to do next. `code` names the cause and never changes its meaning.

    `field` names the part of the request that is wrong. `data` repeats what `detail` mentions, by
    name.
    """

    type: str
    title: str
    status: int
    code: str
    detail: str
    field: str | None = None
    data: dict[str, Any] | msgspec.UnsetType = msgspec.UNSET


class HttpRefusal(Exception):
    """A request that is refused for a reason of HTTP, not of the domain."""

    def __init__(self, status: HTTPStatus, detail: str, field: str | None = None) -> None:
        super().__init__(detail)
        self.status, self.field = status, field


def problem(name: str, status: int, detail: str, field: str | None = None) -> Problem:
    """A problem of the type `urn:ordermade:problem:<name>`, which is its code too."""
    return Problem(
        type=f"urn:ordermade:problem:{name}",
        title=HTTPStatus(status).phrase,
        status=status,
        code=name,
        detail=detail,
        field=field,
    )


def from_error(error: CodedError, status: int, name: str | None = None) -> Problem:
    """The problem that an error is; its type is named after a family of codes, if there is one."""
    return msgspec.structs.replace(
        problem(name or error.code, status, explain(error), error.field),
        code=error.code,
        data=dict(error.data) or msgspec.UNSET,
    )


def from_refusal(refusal: Refusal) -> Problem:
    """422 for what is malformed, 403 for missing consent, 404, and 409 for other refusals."""
    match refusal:
        case Malformed():
            return from_error(refusal, HTTPStatus.UNPROCESSABLE_ENTITY, Malformed.code)
        case ConsentMissing():
            return from_error(refusal, HTTPStatus.FORBIDDEN)
        case NotFound():
            return from_error(refusal, HTTPStatus.NOT_FOUND, NotFound.code)
        case NotAllowed():
            return from_error(refusal, HTTPStatus.CONFLICT, NotAllowed.code)
        case _:
            return from_error(refusal, HTTPStatus.CONFLICT)


def response(body: Problem, headers: Mapping[str, str] | None = None) -> Response:
    return Response(msgspec.json.encode(body), body.status, headers, MEDIA)


def internal_error() -> Response:
    """The answer to an unforeseen exception; its details are logged, not answered."""
    detail = "the server has failed and has logged the error: send the request again later"
    return response(problem("fault", HTTPStatus.INTERNAL_SERVER_ERROR, detail))


def install(app: FastAPI, connection: DeploymentConnection) -> None:
    """Add a handler for every foreseen exception."""

    @app.exception_handler(Refusal)
    def refused(_: Request, error: Refusal) -> Response:
        return response(from_refusal(error))

    @app.exception_handler(HttpRefusal)
    def refused_by_http(_: Request, error: HttpRefusal) -> Response:
        return response(problem(_slug(error.status), error.status, str(error), error.field))

    @app.exception_handler(CursorInvalid)
    def cursor_elsewhere(_: Request, error: CursorInvalid) -> Response:
        return response(problem("cursor-elsewhere", HTTPStatus.CONFLICT, str(error)))

    @app.exception_handler(RequestValidationError)
    def invalid(_: Request, error: RequestValidationError) -> Response:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"][1:])
        fault = "is missing: add it" if first["type"] == "missing" else first["msg"]
        return response(from_refusal(Malformed(f"{field}: {fault}", field)))

    @app.exception_handler(psycopg.DataError)
    def no_value_of_the_database(_: Request, __: psycopg.DataError) -> Response:
        detail = "a key or parameter has characters that no stored value has: correct it"
        return response(from_refusal(Malformed(detail)))

    @app.exception_handler(StoreBehind)
    def store_behind(_: Request, error: StoreBehind) -> Response:
        return response(from_error(error, HTTPStatus.SERVICE_UNAVAILABLE, "store-behind"))

    @app.exception_handler(LogBroken)
    def log_broken(_: Request, error: LogBroken) -> Response:
        return response(from_error(error, HTTPStatus.INTERNAL_SERVER_ERROR, LogBroken.code))

    @app.exception_handler(HTTPException)
    def no_route(_: Request, error: HTTPException) -> Response:
        phrase = HTTPStatus(error.status_code).phrase.lower()
        detail = f"{phrase}: /openapi.json lists the paths and their methods"
        return response(problem(_slug(error.status_code), error.status_code, detail), error.headers)

    def database_away(_: Request, error: Exception) -> Response:
        log.warning("database away", error=type(error).__name__)
        connection.reopen()
        detail = (
            "the database does not answer just now: send the request again in a moment, under the "
            "same id; if it was stored already, it is not stored twice"
        )
        return response(
            problem("database-away", HTTPStatus.SERVICE_UNAVAILABLE, detail), {"Retry-After": "1"}
        )

    for error_type in _DATABASE_ERRORS:
        app.add_exception_handler(error_type, database_away)


def _slug(status: int) -> str:
    return HTTPStatus(status).phrase.lower().replace(" ", "-")
