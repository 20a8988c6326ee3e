"""`python -m tests.benchmarks [NAME]`: prints a table, writes bench.json, fails below a bound."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.benchmarks.append import append_8, append_32, append_lib
from tests.benchmarks.constraints import conflict, constraints, growth
from tests.benchmarks.facts import facts_500
from tests.benchmarks.harness import Bench, Crippled, Figure, write
from tests.benchmarks.http import http_500
from tests.benchmarks.imports import imports
from tests.benchmarks.kafka import handover, kafka_project, kafka_quix, kafka_visible, relay
from tests.benchmarks.memory import memory
from tests.benchmarks.prices import growth_quote, quote, verify_prices
from tests.benchmarks.project import project
from tests.benchmarks.rebuild import rebuild
from tests.benchmarks.visible import visible

BENCHMARKS: dict[str, Callable[[Bench], Figure | list[Figure]]] = {
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
    "growth-check": growth,
}
console = Console(width=100)


def main(only: str | None) -> int:
    if only and only not in BENCHMARKS:
        console.print(f"There is no benchmark {only}: there are {', '.join(BENCHMARKS)}.")
        return 2
    figures: list[Figure] = []
    crippled: list[str] = []
    with closing(Bench()) as bench:
        for name in [only] if only else BENCHMARKS:
            console.print(f"{name} …")
            bench.admin.execute("CHECKPOINT")  # what the figure before left behind is not its cost
            try:
                made = BENCHMARKS[name](bench)
            except Crippled as error:
                crippled.append(str(error))
                continue
            figures += made if isinstance(made, list) else [made]
    write(figures, Path("bench.json"))
    console.print(table(figures))
    for said in crippled:
        console.print(f"A peer is crippled: {said}.")
    missed = [f.name for f in figures if f.missed]
    if missed:
        console.print(f"Below the bound: {', '.join(missed)}.")
    return bool(missed or crippled)


def table(figures: list[Figure]) -> Table:
    shown = Table("name", "ours", "peer", "unit", "ratio", "bound")
    for f in figures:
        bound = f"≥ {f.at_least}" if f.at_least else f"≤ {f.at_most}" if f.at_most else "printed"
        ratio = "" if f.ratio is None else f"{f.ratio:.2f}"
        peer = "" if f.peer is None else f"{f.peer:,.4g}"
        shown.add_row(f.name, f"{f.ours:,.4g}", peer, f.unit, ratio, bound)
    return shown


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else None))
