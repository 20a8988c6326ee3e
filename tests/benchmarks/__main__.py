"""`python -m tests.benchmarks [NAME …]`: measures, prints a table and writes bench.json.

Each figure is written when it is measured. Exits 1 where a ratio misses its bound or a benchmark
fails, 2 where there is no benchmark of a name, 130 after an interrupt.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from rich.console import Console

from tests.benchmarks.append import append_8, append_32, append_lib
from tests.benchmarks.constraints import conflict, constraints, growth_check
from tests.benchmarks.facts import facts_500
from tests.benchmarks.harness import Bench
from tests.benchmarks.http import http_500
from tests.benchmarks.imports import imports
from tests.benchmarks.kafka import handover, kafka_project, kafka_quix, kafka_visible, relay
from tests.benchmarks.memory import memory
from tests.benchmarks.prices import growth_quote, quote, verify_prices
from tests.benchmarks.project import project
from tests.benchmarks.rebuild import rebuild
from tests.benchmarks.results import Figure, Results, measure
from tests.benchmarks.visible import visible

BENCHMARKS: dict[str, Callable[[Bench], Iterator[Figure]]] = {
    "append-8": append_8,
    "append-32": append_32,
    "append-lib": append_lib,
    "facts-500": facts_500,
    "http-500": http_500,
    "project": project,
    "rebuild": rebuild,
    "visible": visible,
    "relay": relay,
    "kafka-project": kafka_project,
    "kafka-quix": kafka_quix,
    "kafka-visible": kafka_visible,
    "handover": handover,
    "memory": memory,
    "import": imports,
    "quote": quote,
    "verify-prices": verify_prices,
    "growth-quote": growth_quote,
    "constraints": constraints,
    "conflict": conflict,
    "growth-check": growth_check,
}


def main(names: list[str]) -> int:
    console = Console(width=100, highlight=False)
    if unknown := [name for name in names if name not in BENCHMARKS]:
        console.print(f"Unknown: {', '.join(unknown)}. The benchmarks are {', '.join(BENCHMARKS)}.")
        return 2
    results = Results(Path("bench.json"), console)
    try:
        measure({name: BENCHMARKS[name] for name in names or BENCHMARKS}, Bench, results)
    except KeyboardInterrupt:
        results.summarize()
        console.print("Interrupted: bench.json has the figures above.")
        return 130
    return 0 if results.summarize() else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
