"""Batches of 500 facts through the gate."""

from __future__ import annotations

import itertools
import json
import time
import uuid
from datetime import UTC, datetime

from tests.benchmarks.harness import Bench, Figure, in_turn, not_crippled
from tests.frontdoor import FACTS, message

BATCH, BATCHES = 500, 24
COPY_AND_RAW = 75_000, 2_980  # facts.md: COPY of 500 rows against raw inserts, one connection
_ids = itertools.count()
_numbers = itertools.count(2 * 10**9)
_TYPES = ["int4", "int4", "int8", "text", "text", "int4", "uuid", "text",
          "timestamptz", "timestamptz", "bytea", "bytea"]  # fmt: skip


def lines(bench: Bench) -> list[bytes]:
    made = []
    for _ in range(BATCH):
        n = next(_ids)
        said = {"attribute": "colour", "value": "midnight blue", **FACTS}
        customer = f"customer/{bench.customers[n * 7919 % len(bench.customers)]}"
        made.append(message(f"f{n}", "customer.preference-stated.v1", customer, said))
    return [json.dumps(m).encode() for m in made]


def facts_500(bench: Bench) -> Figure:
    gate = bench.deployment.gate(["personalize"])

    def ours() -> float:
        batches = [lines(bench) for _ in range(BATCHES)]
        began = time.perf_counter()
        for batch in batches:
            gate.accept(batch, datetime.now(UTC))
        return BATCH * BATCHES / (time.perf_counter() - began)

    ours()
    rows = bench.stored(BATCH * BATCHES)
    table = bench.table()

    def peer() -> float:
        made = []
        for row in rows:
            new = list(row)
            new[2], new[6] = next(_numbers), uuid.uuid4()
            new[4] = str(new[6])
            made.append(new)
        began = time.perf_counter()
        for i in range(0, len(made), BATCH):
            with (
                bench.admin.transaction(),
                bench.admin.cursor().copy(f"COPY {table} FROM STDIN (FORMAT BINARY)") as copy,
            ):
                copy.set_types(_TYPES)
                for new in made[i : i + BATCH]:
                    copy.write_row(new)
        return len(made) / (time.perf_counter() - began)

    peer()
    mine, copied = in_turn(ours, peer, rounds=7)
    not_crippled("binary COPY", copied, bench.raw_alone, COPY_AND_RAW)
    return Figure("facts-500", mine, copied, "events/s", at_least=0.3)
