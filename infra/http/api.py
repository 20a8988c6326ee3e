"""The FastAPI application: routers, the guard around them, and the OpenAPI document."""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import version
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from starlette.responses import HTMLResponse

from infra.http import (
    books,
    commands,
    docs_page,
    events,
    held,
    instructions,
    lag,
    log_feed,
    needs,
    openapi,
    parked,
    prices,
    problems,
    quarantine,
    stories,
    views,
)
from infra.http.connection import DeploymentConnection
from infra.http.guard import Guard

_TITLE = "ordermade"
_DESCRIPTION = """\
Publish facts and reports, send commands, read views, figures, stories and the log, and act on what
was parked, held or refused.

Every error is a problem (RFC 9457) that names the field and the remedy. A request that is sent
again under the same id is carried out once.
"""


def create(
    connection: DeploymentConnection, token: str | None, stopping: Callable[[], bool]
) -> FastAPI:
    """The application. Open log streams end as soon as `stopping` returns True."""
    app = FastAPI(docs_url=None, redoc_url=None, redirect_slashes=False)
    app.add_middleware(Guard, token=token)
    problems.install(app, connection)
    for router in (
        events.make_router(connection),
        commands.make_router(connection),
        views.make_router(connection),
        needs.make_router(connection),
        stories.make_router(connection),
        prices.make_router(connection),
        books.make_router(connection),
        lag.make_router(connection),
        parked.make_router(connection),
        held.make_router(connection),
        quarantine.make_router(connection),
        instructions.make_router(connection),
        log_feed.make_router(connection, stopping),
    ):
        app.include_router(router)

    def build_document() -> dict[str, Any]:
        document = get_openapi(
            title=_TITLE, version=version(_TITLE), description=_DESCRIPTION, routes=app.routes
        )
        document["components"]["schemas"].update(openapi.schemas)
        document["components"]["examples"] = openapi.examples
        if token:
            _require_token(document)
        return document

    app.openapi = build_document  # type: ignore[method-assign]

    @app.get("/docs", include_in_schema=False)
    def docs() -> HTMLResponse:
        return HTMLResponse(docs_page.render(build_document()))

    return app


def _require_token(document: dict[str, Any]) -> None:
    document["components"]["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
    document["security"] = [{"token": []}]
    for operations in document["paths"].values():
        for operation in operations.values():
            operation["responses"]["401"] = openapi.responses(401)[401]
