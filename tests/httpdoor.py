"""The HTTP door for tests: a server in a subprocess, and a client."""

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
    client: httpx.Client
    process: subprocess.Popen
    ids: count = field(default_factory=count)

    def publish(self, said: object, basis: str = "", kind: str = ONE) -> httpx.Response:
        return self.client.post(
            "/v1/events", params={"basis": basis} if basis else {}, json=said,
            headers={"Content-Type": kind},
        )  # fmt: skip

    def ask(self, about: str, name: str, arguments: dict, id: str = "", **more) -> httpx.Response:
        key = id or f"ask-{next(self.ids)}"
        said = {"arguments": arguments, **more}
        return self.client.post(
            f"/v1/{about}/{name}", json=said, headers={"Idempotency-Key": key}
        )  # fmt: skip

    def rows(self, view: str, key: str, written: httpx.Response) -> list[dict]:
        """The rows of a key, with all that a write has stored."""
        params = {"min_position": written.json()["min_position"], "timeout_s": 30}
        found = self.client.get(f"/v1/views/{view}/{key}", params=params)
        assert found.status_code == 200, found.text
        return found.json()["rows"]


@contextmanager
def serving(front: Front, *words: object, **headers: str) -> Iterator[Door]:
    """`ordermade serve`, which folds no views by itself."""
    process = front.start(
        "serve", "--port", 0, *words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        address = re.search(r"http://[^/]+", said := process.stderr.readline())
        assert address, said
        with httpx.Client(base_url=address[0], headers=headers, timeout=60) as client:
            yield Door(client, process)
    finally:
        stop(process)


@contextmanager
def up(front: Front) -> Iterator[Door]:
    """`ordermade up` with two projectors and the HTTP door."""
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
    raise AssertionError("the door does not open")


def stop(process: subprocess.Popen) -> None:
    process.terminate()
    process.wait(30)
    for pipe in filter(None, (process.stdout, process.stderr)):
        pipe.close()
