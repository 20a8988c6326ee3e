"""`ordermade serve`: the application on a socket, until it is told to stop."""

from __future__ import annotations

import ipaddress
import socket
from functools import partial

import typer
import uvicorn

from infra.deployment import Deployment
from infra.errors import UserError
from infra.http.api import create
from infra.http.connection import Opened
from infra.processes import stop_on_signal
from infra.settings import Settings

_PATIENCE_S = 5.0  # that a request waits for a connection
_GRACE_S = 10


def serve(host: str, port: int) -> None:
    """Serves until SIGINT or SIGTERM. Raises UserError where it may not, or cannot, listen."""
    settings = Settings()
    token = settings.http_token.get_secret_value() if settings.http_token else None
    if not token and not _here(host):
        raise UserError(
            f"{host} is seen from other machines: set ORDERMADE_HTTP_TOKEN to a secret that every "
            "request then brings, or listen on 127.0.0.1"
        )
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        listening = socket.create_server((host, port), family=family)
    except OSError as error:
        raise UserError(
            f"port {port} of {host} cannot be had ({error.strerror}): choose another with --port"
        ) from None
    # asyncio does so only for sockets that it makes itself; without it an answer takes 40 ms.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    stop_on_signal()  # uvicorn has its own handlers, and sends what it got again afterwards
    opened = Opened(partial(Deployment, settings, _PATIENCE_S))
    server: uvicorn.Server
    app = create(opened, token, lambda: server.should_exit)
    server = uvicorn.Server(
        uvicorn.Config(
            app, log_config=None, log_level="warning", access_log=False, server_header=False,
            timeout_graceful_shutdown=_GRACE_S, lifespan="off",
        )
    )  # fmt: skip
    name = f"[{host}]" if ":" in host else host
    typer.echo(f"Serving http://{name}:{listening.getsockname()[1]}/docs", err=True)
    try:
        server.run([listening])
    finally:
        opened.close()


def _here(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
