"""The HTTP server by itself: who may ask, and what it does when the database goes or it must."""

from __future__ import annotations

import os
import signal
import socket
import time
from contextlib import suppress

import httpx
import psycopg
import pytest

from infra.deployment import Deployment
from infra.settings import Settings
from tests.frontdoor import FACTS, Front, message
from tests.httpdoor import serving, wait_for
from tests.integration.test_embedded_faults import everything

MILK = message("1", "customer.preference-stated.v1", "customer/shop:ann",
               {"attribute": "milk", "value": "oat", **FACTS})  # fmt: skip
TOKEN = "let-me-in-and-nobody-else"


@pytest.fixture
def front(tmp_path):
    return Front(tmp_path / "home")


def test_with_a_token_nobody_is_answered_without_it(front):
    told = Front(front.home, (("ORDERMADE_HTTP_TOKEN", TOKEN),))
    with serving(told, "--host", "0.0.0.0") as door:
        for path in ("/v1/health", "/v1/log", "/openapi.json", "/nothing"):
            for headers in ({}, {"Authorization": "Bearer no"}, {"Authorization": TOKEN}):
                refused = door.client.get(path, headers=headers)
                assert refused.status_code == 401
                assert refused.headers["content-type"] == "application/problem+json"
                assert refused.headers["www-authenticate"] == "Bearer"
                assert refused.json()["field"] == "Authorization"
        mine = {"Authorization": f"Bearer {TOKEN}"}
        assert door.client.get("/v1/health", headers=mine).status_code == 200
        document = door.client.get("/openapi.json", headers=mine).json()
        assert document["security"] == [{"token": []}]
        assert all("401" in o["responses"] for p in document["paths"].values() for o in p.values())
        door.process.terminate()
        assert TOKEN not in door.process.stderr.read()


def test_without_a_token_only_this_machine_is_listened_to(front):
    said = front.refused("serve", "--host", "0.0.0.0", "--port", "0")
    assert "0.0.0.0 is seen from other machines: set ORDERMADE_HTTP_TOKEN" in said
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert "choose another with --port" in front.refused("serve", "--port", port)


def test_what_no_projector_has_seen_yet_is_not_waited_for_longer_than_said(front):
    with serving(front) as door:
        written = door.publish(MILK, "personalize").json()["min_position"]
        params = {"min_position": written, "timeout_s": 0.2}
        late = door.client.get("/v1/views/profile", params=params)
        assert (late.status_code, late.json()["field"]) == (504, "min_position")
        assert "`ordermade up` runs" in late.json()["detail"]
        told = door.client.get("/v1/views/profile").json()
        assert (told["rows"], told["lag"]["events"]) == ([], 2)


def test_a_database_that_goes_away_is_told_and_comes_back(front):
    with serving(front) as door:
        assert door.publish(MILK, "personalize").status_code == 201
        for pid in everything(front.home):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        for away in (door.publish(MILK, "personalize"), door.client.get("/v1/log")):
            assert away.status_code == 503, away.text
            assert away.headers["retry-after"] == "1"
            assert "send the request again in a moment" in away.json()["detail"]
        wait_for(door.client)
        deadline = time.monotonic() + 30
        while (again := door.publish(MILK, "personalize")).status_code == 503:
            assert time.monotonic() < deadline
        assert [item["status"] for item in again.json()["items"]] == ["known"]


def test_a_fault_is_told_without_what_was_said(front):
    with serving(front) as door:
        assert door.publish(MILK, "personalize").status_code == 201
        with (
            Deployment(Settings(home=front.home)) as deployment,
            psycopg.connect(deployment.url) as admin,
        ):
            admin.execute("DELETE FROM store.event WHERE number = 1")
            admin.execute("ALTER TABLE projection.profile_v2 RENAME TO elsewhere")
        hole = door.client.get("/v1/log")
        assert (hole.status_code, "events are missing" in hole.json()["detail"]) == (500, True)
        fault = door.client.get("/v1/views/profile/shop:ann")
        assert (fault.status_code, fault.json()["type"]) == (500, "urn:ordermade:problem:fault")
        with socket.create_connection(
            (door.client.base_url.host, door.client.base_url.port)
        ) as gone:
            gone.sendall(b"POST /v1/events HTTP/1.1\r\nHost: localhost\r\n"
                         b"Content-Length: 9\r\n\r\nann")  # fmt: skip
        assert door.client.get("/v1/health").status_code == 200
        door.process.terminate()
        told = door.process.stdout.read() + door.process.stderr.read()
        assert told.count("fault") == 1
        assert "UndefinedTable" in told
        assert "ann" not in told


def test_it_stops_at_once_though_somebody_listens(front):
    with (
        serving(front) as door,
        door.client.stream("GET", "/v1/log", headers={"Accept": "text/event-stream"}) as told,
    ):
        lines = told.iter_lines()
        assert next(lines) == ": the log"
        began = time.monotonic()
        door.process.terminate()
        assert list(lines) == [""]
        assert door.process.wait(10) == 0
        assert time.monotonic() - began < 5
        assert door.process.stderr.read() == ""


def test_more_listeners_than_there_are_places_for_are_told(front):
    with serving(front) as door:
        base = door.client.base_url
        request = b"GET /v1/log HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n"
        listening = [socket.create_connection((base.host, base.port)) for _ in range(64)]
        for one in listening:
            one.sendall(request)
            assert one.recv(15) == b"HTTP/1.1 200 OK"
        full = httpx.get(f"{base}/v1/log", headers={"Accept": "text/event-stream"})
        assert full.status_code == 429
        assert door.client.get("/v1/log").status_code == 200
        for one in listening:
            one.close()
        deadline = time.monotonic() + 10
        while True:
            headers = {"Accept": "text/event-stream"}
            with door.client.stream("GET", "/v1/log", headers=headers) as told:
                if told.status_code == 200:
                    break
            assert time.monotonic() < deadline
