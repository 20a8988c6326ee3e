"""A server over HTTP in a subprocess, and a client for it."""

from __future__ import annotations

import re
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import count

import httpx

from tests.frontdoor import Front

ONE = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"


@dataclass
class Door:
    """A running server, and requests to it."""

    client: httpx.Client
    process: subprocess.Popen
    ids: count = field(default_factory=count)

    def publish(self, events: object, basis: str = "", kind: str = ONE) -> httpx.Response:
        return self.client.post(
            "/v1/events", params={"basis": basis} if basis else {}, json=events,
            headers={"Content-Type": kind},
        )  # fmt: skip

    def command(
        self, path: str, name: str, arguments: dict, id: str = "", **more
    ) -> httpx.Response:
        key = id or f"command-{next(self.ids)}"
        return self.client.post(
            f"/v1/{path}/{name}",
            json={"arguments": arguments, **more},
            headers={"Idempotency-Key": key},
        )

    def rows(self, view: str, key: str, written: httpx.Response) -> list[dict]:
        """The rows of a key, as soon as they contain what the answered request has written."""
        params = {"min_position": written.json()["min_position"], "timeout_s": 30}
        answer = self.client.get(f"/v1/views/{view}/{key}", params=params)
        assert answer.status_code == 200, answer.text
        return answer.json()["rows"]


@contextmanager
def serving(front: Front, *words: object, **headers: str) -> Iterator[Door]:
    """`ordermade serve`, which runs no projectors."""
    process = front.start(
        "serve", "--port", 0, *words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        address = re.search(r"http://[^/]+", line := process.stderr.readline())
        assert address, line
        with httpx.Client(base_url=address[0], headers=headers, timeout=60) as client:
            yield Door(client, process)
    finally:
        stop(process)


@contextmanager
def up(front: Front) -> Iterator[Door]:
    """`ordermade up` with two projectors and the HTTP server."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = front.start("up", "--projectors", 2, "--http", port, stderr=subprocess.DEVNULL)
    try:
        base = f"http://127.0.0.1:{port}"
        with httpx.Client(base_url=base, timeout=60) as client:
            wait_for(client)
            yield Door(client, process)
    finally:
        stop(process)


def wait_for(client: httpx.Client) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        with suppress(httpx.TransportError):
            if client.get("/v1/health").status_code == 200:
                return
        time.sleep(0.05)
    raise AssertionError("the server does not answer")


def stop(process: subprocess.Popen) -> None:
    process.terminate()
    process.wait(30)
    for pipe in filter(None, (process.stdout, process.stderr)):
        pipe.close()
