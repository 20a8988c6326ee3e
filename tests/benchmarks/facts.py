"""Batches of 500 facts through the gate, against binary COPY of the same rows."""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime

from consumers.doors.gate import Gate
from tests.benchmarks.append import renumbered
from tests.benchmarks.harness import Bench, check_peer, in_turn
from tests.benchmarks.results import Figure, at_least
from tests.frontdoor import FACTS, message

BATCH, BATCHES = 500, 24
COPY_AND_INSERTS = 75_000, 2_980  # batches of 500, one connection
_ids = itertools.count()
_numbers = itertools.count(2 * 10**9)
_TYPES = ["int4", "int4", "int8", "text", "text", "int4", "uuid", "text",
          "timestamptz", "timestamptz", "bytea", "bytea"]  # fmt: skip


def batches(bench: Bench) -> list[list[bytes]]:
    """Messages that no call has made before, in `BATCHES` batches."""
    return [[_message(bench, next(_ids)) for _ in range(BATCH)] for _ in range(BATCHES)]


def _message(bench: Bench, n: int) -> bytes:
    data = {"attribute": "colour", "value": "midnight blue", **FACTS}
    customer = f"customer/{bench.customers[n * 7919 % len(bench.customers)]}"
    return json.dumps(message(f"f{n}", "customer.preference-stated.v1", customer, data)).encode()


def accepted(gate: Gate, messages: list[list[bytes]]) -> float:
    """Facts a second through the gate."""
    began = time.perf_counter()
    for batch in messages:
        gate.accept(batch, datetime.now(UTC))
    return BATCH * BATCHES / (time.perf_counter() - began)


def facts_500(bench: Bench) -> Iterator[Figure]:
    gate = bench.deployment.gate(["personalize"])
    accepted(gate, batches(bench))
    rows = bench.stored(BATCH * BATCHES)
    table = bench.table()

    def copied() -> float:
        copies = [renumbered(row, next(_numbers)) for row in rows]
        began = time.perf_counter()
        for i in range(0, len(copies), BATCH):
            with (
                bench.admin.transaction(),
                bench.admin.cursor().copy(f"COPY {table} FROM STDIN (FORMAT BINARY)") as copy,
            ):
                copy.set_types(_TYPES)
                for row in copies[i : i + BATCH]:
                    copy.write_row(row)
        return len(copies) / (time.perf_counter() - began)

    copied()
    ours, peer = in_turn(lambda: accepted(gate, batches(bench)), copied, rounds=7)
    yield Figure("facts-500", ours, peer, "events/s", at_least(0.3))
    check_peer("binary COPY", peer, bench.inserts_alone, COPY_AND_INSERTS)
