"""Which requests the HTTP guard refuses: other sites' pages, other host names, missing tokens."""

from __future__ import annotations

import asyncio

import httpx
import pytest
from starlette.responses import PlainTextResponse

from infra.http.guard import Guard

HOST = "127.0.0.1:8080"
TOKEN = "secret"


def send(method="POST", token=None, **headers):
    """The guard's answer; 200 is that of the application behind it."""

    async def request():
        transport = httpx.ASGITransport(Guard(PlainTextResponse("done"), token))
        async with httpx.AsyncClient(transport=transport, base_url=f"http://{HOST}") as client:
            return await client.request(method, "/", headers=headers)

    return asyncio.run(request())


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://shop.example"},
        {"Origin": "https://shop.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:3000"},
        {"Origin": "http://localhost:8080"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "cross-site", "Origin": f"http://{HOST}"},
    ],
)
def test_a_page_of_another_origin_cannot_post(headers):
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        refused = send(method, **headers)
        assert (refused.status_code, refused.json()["code"]) == (403, "cross-origin")
        assert refused.headers["content-type"] == "application/problem+json"
        assert refused.json()["field"] == "Origin"
    assert send("GET", **headers).status_code == 200  # a page cannot read the answer


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": f"http://{HOST}"},
        {"Origin": f"https://{HOST}"},
        {"Sec-Fetch-Site": "same-origin", "Origin": "https://behind-a-proxy.example"},
        {"Sec-Fetch-Site": "none"},
    ],
)
def test_the_same_origin_and_clients_without_an_origin_can_post(headers):
    assert send(**headers).status_code == 200


def test_a_token_does_not_excuse_another_origin():
    authorized = {"Authorization": f"Bearer {TOKEN}"}
    assert send(token=TOKEN, **authorized).status_code == 200
    assert send(token=TOKEN, **authorized, Origin="http://shop.example").status_code == 403
    assert send(token=TOKEN, Origin=f"http://{HOST}").status_code == 401


@pytest.mark.parametrize("host", ["shop.example", "127.0.0.1.shop.example", "0.0.0.0"])
def test_without_a_token_only_hosts_of_the_loopback_are_answered(host):
    refused = send("GET", Host=f"{host}:8080")
    assert (refused.status_code, refused.json()["field"]) == (421, "Host")
    for loopback in ("127.0.0.1", "LOCALHOST:1", "[::1]:8080"):
        assert send("GET", Host=loopback).status_code == 200


def test_with_a_token_any_host_is_answered():
    headers = {"Authorization": f"Bearer {TOKEN}", "Host": "ordermade.shop.example"}
    assert send("GET", token=TOKEN, **headers).status_code == 200
