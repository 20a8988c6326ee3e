"""Importing a file of events, with progress."""

from __future__ import annotations

import json
from collections import Counter
from contextlib import ExitStack
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

import typer
from rich.console import Console
from rich.progress import Progress

from consumers.ports import Appended, Held
from infra.cli.ordering import purposes_of
from infra.cli.terminal import Told, open_app

BATCH = 500


def import_file(file: Path, basis: str) -> int:
    """Imports, reports, and returns how many lines were refused."""
    purposes = purposes_of(basis)
    if not file.is_file():
        raise Told(f"{file} is not there: name a file with one CloudEvent a line")
    counts: Counter[str] = Counter()
    beside = file.with_name(file.name + ".refused.jsonl")
    beside.unlink(missing_ok=True)
    with ExitStack() as stack:
        app = stack.enter_context(open_app())
        gate = app.gate(purposes)
        source = stack.enter_context(file.open("rb"))
        progress = stack.enter_context(Progress(console=Console(stderr=True)))
        task = progress.add_task("importing", total=file.stat().st_size)
        numbered = enumerate(source, 1)
        while batch := list(islice(numbered, BATCH)):
            said = [(number, line) for number, line in batch if line.strip()]
            answers = gate.accept([line for _, line in said], datetime.now(UTC))
            for (number, line), answer in zip(said, answers, strict=True):
                counts["read"] += 1
                if isinstance(answer, Appended):
                    counts["known" if answer.known else "accepted"] += 1
                    continue
                if isinstance(answer, Held):
                    counts["held"] += 1
                    continue
                counts["refused"] += 1
                told = {
                    "line": number,
                    "reason": str(answer),
                    "said": line.decode(errors="replace").rstrip("\n"),
                }
                with beside.open("a", encoding="utf-8") as out:
                    out.write(json.dumps(told) + "\n")
            progress.advance(task, sum(len(line) for _, line in batch))
        app.drain()
    typer.echo(
        f"{counts['read']} read, {counts['accepted']} accepted, {counts['known']} already known, "
        f"{counts['held']} held, {counts['refused']} refused"
        + (f": see {beside}" if counts["refused"] else "")
    )
    return counts["refused"]
