"""`ordermade serve`: the application on a socket, until it is stopped by a signal."""

from __future__ import annotations

import ipaddress
import socket
import sys
from functools import partial

import uvicorn

from infra.deployment import Deployment
from infra.errors import UserError
from infra.http.api import create
from infra.http.connection import DeploymentConnection
from infra.settings import Settings

_CONNECTION_S = 5.0  # that a request waits for a database connection
_SHUTDOWN_S = 10


def serve(host: str, port: int) -> None:
    """Serve until SIGINT or SIGTERM. Raises UserError where it must not, or cannot, listen."""
    settings = Settings()
    token = settings.http_token.get_secret_value() if settings.http_token else None
    if not token and not _is_loopback(host):
        raise UserError(
            f"{host} is reachable from other machines: set ORDERMADE_HTTP_TOKEN to a secret that "
            "every request then sends, or listen on 127.0.0.1"
        )
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        listening = socket.create_server((host, port), family=family)
    except OSError as error:
        raise UserError(
            f"cannot listen on port {port} of {host} ({error.strerror}): choose another with --port"
        ) from None
    # asyncio sets it only on sockets that it makes itself; without it an answer takes 40 ms.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connection = DeploymentConnection(partial(Deployment, settings, _CONNECTION_S))
    server: uvicorn.Server
    app = create(connection, token, lambda: server.should_exit)
    server = uvicorn.Server(
        uvicorn.Config(
            app, log_config=None, log_level="warning", access_log=False, server_header=False,
            timeout_graceful_shutdown=_SHUTDOWN_S, lifespan="off",
        )
    )  # fmt: skip
    name = f"[{host}]" if ":" in host else host
    sys.stderr.write(f"Serving http://{name}:{listening.getsockname()[1]}/docs\n")
    sys.stderr.flush()
    try:
        server.run([listening])
    finally:
        connection.close()


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
