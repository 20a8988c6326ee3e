"""`ordermade serve` alone: authentication, loss of the database, faults, and its end."""

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
from tests.integration.test_embedded_faults import server_processes

MILK = message("1", "customer.preference-stated.v1", "customer/shop:ann",
               {"attribute": "milk", "value": "oat", **FACTS})  # fmt: skip
TOKEN = "let-me-in-and-nobody-else"


@pytest.fixture
def front(tmp_path):
    return Front(tmp_path / "home")


def test_with_a_token_every_request_needs_it(front):
    with_token = Front(front.home, (("ORDERMADE_HTTP_TOKEN", TOKEN),))
    with serving(with_token, "--host", "0.0.0.0") as door:
        for path in ("/v1/health", "/v1/log", "/openapi.json", "/nothing"):
            for headers in ({}, {"Authorization": "Bearer no"}, {"Authorization": TOKEN}):
                refused = door.client.get(path, headers=headers)
                assert refused.status_code == 401
                assert refused.headers["content-type"] == "application/problem+json"
                assert refused.headers["www-authenticate"] == "Bearer"
                assert refused.json()["field"] == "Authorization"
        authorized = {"Authorization": f"Bearer {TOKEN}"}
        assert door.client.get("/v1/health", headers=authorized).status_code == 200
        document = door.client.get("/openapi.json", headers=authorized).json()
        assert document["security"] == [{"token": []}]
        assert all("401" in o["responses"] for p in document["paths"].values() for o in p.values())
        door.process.terminate()
        assert TOKEN not in door.process.stderr.read()


def test_without_a_token_only_the_loopback_is_listened_on(front):
    refused = front.refused("serve", "--host", "0.0.0.0", "--port", "0")
    assert "0.0.0.0 is reachable from other machines: set ORDERMADE_HTTP_TOKEN" in refused
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert "choose another with --port" in front.refused("serve", "--port", port)


def test_a_read_waits_for_a_projector_no_longer_than_its_timeout(front):
    with serving(front) as door:
        written = door.publish(MILK, "personalize").json()["min_position"]
        params = {"min_position": written, "timeout_s": 0.2}
        late = door.client.get("/v1/views/profile", params=params)
        assert (late.status_code, late.json()["field"]) == (504, "min_position")
        assert "`ordermade up` runs" in late.json()["detail"]
        page = door.client.get("/v1/views/profile").json()
        assert (page["rows"], page["lag"]["events"]) == ([], 2)


def test_requests_get_503_while_the_database_is_away_and_work_when_it_is_back(front):
    with serving(front) as door:
        assert door.publish(MILK, "personalize").status_code == 201
        for pid in server_processes(front.home):
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


def test_a_fault_is_logged_without_personal_values(front):
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
        ) as disconnecting:
            disconnecting.sendall(b"POST /v1/events HTTP/1.1\r\nHost: localhost\r\n"
                         b"Content-Length: 9\r\n\r\nann")  # fmt: skip
        assert door.client.get("/v1/health").status_code == 200
        door.process.terminate()
        output = door.process.stdout.read() + door.process.stderr.read()
        assert output.count("fault") == 1
        assert "UndefinedTable" in output
        assert "ann" not in output


def test_the_server_stops_at_once_though_a_client_follows_the_log(front):
    with (
        serving(front) as door,
        door.client.stream("GET", "/v1/log", headers={"Accept": "text/event-stream"}) as stream,
    ):
        lines = stream.iter_lines()
        assert next(lines) == ": the log"
        began = time.monotonic()
        door.process.terminate()
        assert list(lines) == [""]
        assert door.process.wait(10) == 0
        assert time.monotonic() - began < 5
        assert door.process.stderr.read() == ""


def test_a_listener_too_many_is_refused_until_others_leave(front):
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
            with door.client.stream("GET", "/v1/log", headers=headers) as stream:
                if stream.status_code == 200:
                    break
            assert time.monotonic() < deadline
