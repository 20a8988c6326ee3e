"""Batches of 500 facts over HTTP, against the same gate without it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from datetime import UTC, datetime

import httpx

from tests.benchmarks.facts import BATCH, BATCHES, lines
from tests.benchmarks.harness import Bench, Figure, in_turn

_HEADERS = {"Content-Type": "application/cloudevents-batch+json"}


def http_500(bench: Bench) -> Figure:
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

    def ours() -> float:
        bodies = [b"[" + b",".join(lines(bench)) + b"]" for _ in range(BATCHES)]
        began = time.perf_counter()
        answers = [client.post("/v1/events?basis=personalize", content=body) for body in bodies]
        rate = BATCH * BATCHES / (time.perf_counter() - began)
        assert all(a.text.count('"accepted"') == BATCH for a in answers)
        return rate

    def without() -> float:
        batches = [lines(bench) for _ in range(BATCHES)]
        began = time.perf_counter()
        for batch in batches:
            gate.accept(batch, datetime.now(UTC))
        return BATCH * BATCHES / (time.perf_counter() - began)

    try:
        ours(), without()
        mine, peer = in_turn(ours, without, rounds=7)
    finally:
        client.close()
        server.terminate()
        server.wait()
    return Figure("http-500", mine, peer, "events/s", at_least=0.6)
