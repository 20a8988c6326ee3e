"""Importing a file, a line an event, with progress."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import typer
from rich.console import Console
from rich.progress import Progress

from consumers.doors.gate import Answer, Gate
from consumers.ports.store import Appended, ReportHeld
from domain.errors import Malformed, Refusal
from domain.values import Purpose
from infra.cli.ordering import purposes_of
from infra.cli.remedies import explain
from infra.cli.terminal import open_deployment, update_views, wait_for_log
from infra.errors import UserError
from infra.imports.files import Line, unpacked

BATCH = 1_000
Read = Callable[[Iterable[bytes]], Iterator[Line]]
"""What makes messages of the lines of a file."""


def import_file(file: Path, basis: str, read: Read) -> int:
    """Imports, reports, and returns how many lines were refused."""
    purposes = purposes_of(basis)
    if not file.is_file():
        raise UserError(f"{file} is not there: name a file that can be read")
    counts: Counter[str] = Counter()
    beside = file.with_name(file.name + ".refused.jsonl")
    beside.unlink(missing_ok=True)
    try:
        _import(file, purposes, read, counts, beside)
    finally:  # whatever ended it, this much is stored
        typer.echo(
            f"{counts['read']} read, {counts['accepted']} accepted, {counts['known']} already "
            f"known, {counts['held']} held, {counts['refused']} refused"
            + (f": see {beside}" if beside.exists() else "")
        )
    return counts["refused"]


def _import(
    file: Path, purposes: list[Purpose], read: Read, counts: Counter[str], beside: Path
) -> None:
    with ExitStack() as stack:
        deployment = stack.enter_context(open_deployment())
        gate = deployment.gate(purposes)
        packed = stack.enter_context(file.open("rb"))
        progress = stack.enter_context(Progress(console=Console(stderr=True)))
        task = progress.add_task("importing", total=file.stat().st_size)
        for batch in _batches(read(unpacked(packed, file.name))):
            for line, answer in _answered(gate, batch):
                counts["read"] += 1
                match answer:
                    case Appended(duplicate=known):
                        counts["known" if known else "accepted"] += 1
                    case ReportHeld():
                        counts["held"] += 1
                    case refusal:
                        counts["refused"] += 1
                        _write_beside(beside, line, refusal)
            progress.update(task, completed=packed.tell())
        progress.add_task("folding into the views", total=None)
        if not update_views(deployment):
            typer.echo("The views are still behind: `ordermade lag` tells how far.")
        wait_for_log(deployment)


def _write_beside(beside: Path, line: Line, refusal: Refusal) -> None:
    """What is not in UTF-8 is written with its bytes as \\xNN."""
    said = line.said.decode(errors="backslashreplace").rstrip("\r\n")
    told = {"line": line.number, "code": refusal.code, "reason": explain(refusal), "said": said}
    with beside.open("a", encoding="utf-8") as out:
        out.write(json.dumps(told) + "\n")


def _batches(lines: Iterator[Line]) -> Iterator[list[Line]]:
    """Batches of lines; those that stand before the damage of a file still come."""
    batch: list[Line] = []
    try:
        for line in lines:
            batch.append(line)
            if len(batch) == BATCH:
                yield batch
                batch = []
    except Malformed:
        yield batch
        raise
    yield batch


def _answered(gate: Gate, batch: list[Line]) -> Iterator[tuple[Line, Answer]]:
    """Each line with what the gate says of it; what holds no message is answered already."""
    messages = [line.message for line in batch if isinstance(line.message, bytes)]
    answers = iter(gate.accept(messages, datetime.now(UTC)))
    for line in batch:
        yield line, next(answers) if isinstance(line.message, bytes) else line.message
