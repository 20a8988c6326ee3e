"""Batches of 500 facts over HTTP, against the same gate without it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator

import httpx

from tests.benchmarks.facts import BATCH, BATCHES, accepted, batches
from tests.benchmarks.harness import Bench, in_turn
from tests.benchmarks.results import Figure, at_least

_HEADERS = {"Content-Type": "application/cloudevents-batch+json"}


def http_500(bench: Bench) -> Iterator[Figure]:
    gate = bench.deployment.gate(["personalize"])
    environment = {**os.environ, "ORDERMADE_HOME": str(bench.home)}
    server = subprocess.Popen(
        [sys.executable, "-m", "infra", "serve", "--port", "0"],
        env=environment, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert server.stderr
    address = re.search(r"http://\S+:\d+", server.stderr.readline())
    assert address
    client = httpx.Client(base_url=address[0], headers=_HEADERS, timeout=60)

    def over_http() -> float:
        bodies = [b"[" + b",".join(batch) + b"]" for batch in batches(bench)]
        began = time.perf_counter()
        answers = [client.post("/v1/events?basis=personalize", content=body) for body in bodies]
        rate = BATCH * BATCHES / (time.perf_counter() - began)
        assert all(a.text.count('"accepted"') == BATCH for a in answers)
        return rate

    def without() -> float:
        return accepted(gate, batches(bench))

    try:
        over_http(), without()
        ours, peer = in_turn(over_http, without, rounds=7)
    finally:
        client.close()
        server.terminate()
        server.wait()
    yield Figure("http-500", ours, peer, "events/s", at_least(0.6))
