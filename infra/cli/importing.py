"""`ordermade import`: a file, one event a line, with progress."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from infra.cli.terminal import open_deployment, update_views, wait_for_log
from infra.errors import UserError

if TYPE_CHECKING:
    from consumers.doors.gate import Gate, GateAnswer
    from domain.errors import Refusal
    from domain.values import Purpose
    from infra.imports.files import ImportLine

    Parse = Callable[[Iterable[bytes]], Iterator[ImportLine]]

importing = typer.Typer(no_args_is_help=True)

BATCH = 1_000
Basis = Annotated[
    str, typer.Option(help="Purposes, separated by commas, that are recorded as consent.")
]


@importing.command("events")
def import_events(
    file: Annotated[Path, typer.Argument(help="CloudEvents in JSON, one a line; also .gz or .xz.")],
    basis: Basis,
) -> None:
    """Import facts and reports.

    Refused lines are written to FILE.refused.jsonl, each with the reason; exits with 1 if there
    are any. The file can be imported again: what is stored is recognised.
    """
    from infra.imports.files import parse_events

    _import_file(file, basis, parse_events)


@importing.command("online-retail")
def import_online_retail(
    file: Annotated[
        Path, typer.Argument(help="Invoices as CSV, one line an event; also .gz or .xz.")
    ],
    basis: Basis,
    namespace: Annotated[
        str, typer.Option(help="The namespace of its CustomerIDs.")
    ] = "online-retail",
) -> None:
    """Import invoices of UCI's "Online Retail".

    docs/online-retail.md says which event a line becomes. Refused lines and repeated imports are
    handled as by `import events`.
    """
    from infra.imports.online_retail import parse_invoices

    _import_file(file, basis, lambda lines: parse_invoices(lines, namespace))


def _import_file(file: Path, basis: str, parse: Parse) -> None:
    """Import a file and print how many lines were accepted; exit with 1 if some were refused."""
    from infra.cli.arguments import parse_purposes

    purposes = parse_purposes(basis)
    if not file.is_file():
        raise UserError(f"{file} does not exist: name a file that can be read")
    counts: Counter[str] = Counter()
    refused_file = file.with_name(file.name + ".refused.jsonl")
    refused_file.unlink(missing_ok=True)
    try:
        _import_lines(file, purposes, parse, counts, refused_file)
    finally:  # however it ended, this much is stored
        typer.echo(
            f"{counts['read']} read, {counts['accepted']} accepted, {counts['duplicate']} already "
            f"stored, {counts['held']} held, {counts['refused']} refused"
            + (f": see {refused_file}" if refused_file.exists() else "")
        )
    if counts["refused"]:
        raise typer.Exit(1)


def _import_lines(
    file: Path, purposes: list[Purpose], parse: Parse, counts: Counter[str], refused_file: Path
) -> None:
    from consumers.ports.store import Appended, ReportHeld
    from infra.cli.tables import progress_bar
    from infra.imports.files import unpack

    with ExitStack() as stack:
        deployment = stack.enter_context(open_deployment())
        gate = deployment.gate(purposes)
        packed = stack.enter_context(file.open("rb"))
        bar = stack.enter_context(progress_bar())
        task = bar.add_task("importing", total=file.stat().st_size)
        for batch in _batches(parse(unpack(packed, file.name))):
            for line, answer in _answers(gate, batch):
                counts["read"] += 1
                match answer:
                    case Appended(duplicate=duplicate):
                        counts["duplicate" if duplicate else "accepted"] += 1
                    case ReportHeld():
                        counts["held"] += 1
                    case refusal:
                        counts["refused"] += 1
                        _write_refused(refused_file, line, refusal)
            bar.update(task, completed=packed.tell())
        bar.add_task("updating the views", total=None)
        if not update_views(deployment):
            typer.echo("The views are still behind: `ordermade lag` shows how far.")
        wait_for_log(deployment)


def _write_refused(file: Path, line: ImportLine, refusal: Refusal) -> None:
    """Append a refused line to a file, with the reason; bytes that are not UTF-8 as \\xNN."""
    from infra.cli.remedies import explain

    text = line.content.decode(errors="backslashreplace").rstrip("\r\n")
    row = {"line": line.number, "code": refusal.code, "reason": explain(refusal), "text": text}
    with file.open("a", encoding="utf-8") as out:
        out.write(json.dumps(row) + "\n")


def _batches(lines: Iterator[ImportLine]) -> Iterator[list[ImportLine]]:
    """Lines in batches; if the file is damaged, the lines before the damage come first."""
    from domain.errors import Malformed

    batch: list[ImportLine] = []
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


def _answers(gate: Gate, batch: list[ImportLine]) -> Iterator[tuple[ImportLine, GateAnswer]]:
    """Each line with the gate's answer, or with the refusal of a line that holds no message."""
    messages = [line.message for line in batch if isinstance(line.message, bytes)]
    answers = iter(gate.accept(messages, datetime.now(UTC)))
    for line in batch:
        yield line, next(answers) if isinstance(line.message, bytes) else line.message
