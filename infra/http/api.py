"""The application: its parts, what stands around them, and its OpenAPI document."""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import version
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from starlette.responses import HTMLResponse

from infra.http import commands as asking
from infra.http import events as publishing
from infra.http import log_feed as following
from infra.http import problems, spec
from infra.http import views as looking
from infra.http.connection import Opened
from infra.http.guard import Guard
from infra.http.page import page

_TITLE = "ordermade"
_SAID = """\
Publish facts and reports, decide about orders, read the views and the log.

Every error is a problem (RFC 9457) that names the field and the remedy. Whatever is sent again
under the same id is stored once.
"""


def create(opened: Opened, token: str | None, stopping: Callable[[], bool]) -> FastAPI:
    """`stopping` tells those who listen to the log that the server wants to end."""
    app = FastAPI(docs_url=None, redoc_url=None, redirect_slashes=False)
    app.add_middleware(Guard, token=token)
    problems.install(app, opened)
    for router in (
        publishing.routes(opened),
        asking.routes(opened),
        looking.routes(opened),
        following.routes(opened, stopping),
    ):
        app.include_router(router)

    def document() -> dict[str, Any]:
        told = get_openapi(
            title=_TITLE, version=version(_TITLE), description=_SAID, routes=app.routes
        )
        told["components"]["schemas"].update(spec.schemas)
        if token:
            told["components"]["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
            told["security"] = [{"token": []}]
            for operations in told["paths"].values():
                for operation in operations.values():
                    operation["responses"]["401"] = spec.answers(401)[401]
        return told

    app.openapi = document  # type: ignore[method-assign]

    @app.get("/docs", include_in_schema=False)
    def docs() -> HTMLResponse:
        return HTMLResponse(page(document()))

    return app
