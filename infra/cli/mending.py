"""What people do about messages that were refused."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

import typer

from consumers.doors.inbox import ONE
from consumers.movers.inbox import Quarantined
from domain.errors import Refusal
from infra.bootstrap import App
from infra.cli.showing import answer
from infra.cli.terminal import Told
from projections import discover


def show_quarantine(app: App, as_json: bool) -> None:
    rows = [_row(kept) for kept in app.quarantine.find()]
    answer(app, "Which messages were refused?", rows, discover().values(), as_json)


def show_message(app: App, id: str) -> None:
    kept = _kept(app, id)
    headers = {name: (said or b"").decode(errors="replace") for name, said in kept.message.headers}
    told = {**_row(kept), "headers": headers, **_text("key", kept.message.key)}
    typer.echo(json.dumps(told | _text("value", kept.message.value), indent=2, ensure_ascii=False))


def mend(app: App, id: str, file: Path) -> None:
    if not file.is_file():
        raise Told(f"{file} is not there: name a file that can be read")
    kept = _kept(app, id)
    basis = tuple(header for header in kept.message.headers if header[0] == "basis")
    headers = (*basis, ("content-type", ONE.encode()))
    mended = replace(kept.message, headers=headers, value=file.read_bytes())
    _send(app, [replace(kept, message=mended)])


def send(app: App, id: str | None, every: bool) -> None:
    if (id is None) != every:
        raise Told("name one message, or say --all: see `ordermade quarantine`")
    _send(app, [_kept(app, id)] if id else app.quarantine.find())


def drop(app: App, id: str) -> None:
    app.quarantine.remove([_kept(app, id).id])
    typer.echo("Dropped.")


def _send(app: App, kept: Sequence[Quarantined]) -> None:
    """Sends messages again. Raises Told where some are refused still."""
    answers = list(zip(kept, app.taker.take([k.message for k in kept]), strict=True))
    refused = [(k, a) for k, a in answers if isinstance(a, Refusal)]
    for one, refusal in refused:
        app.quarantine.keep_instead(one.id, one.message, refusal)
    app.quarantine.remove([k.id for k, a in answers if not isinstance(a, Refusal)])
    typer.echo(f"{len(kept) - len(refused)} accepted, {len(refused)} refused.")
    app.drain()
    if refused:
        raise Told("\n".join(f"{one.id}: {refusal}" for one, refusal in refused))


def _kept(app: App, id: str) -> Quarantined:
    try:
        found = app.quarantine.find([UUID(id)])
    except ValueError:
        found = []
    if not found:
        raise Told(f"nothing is kept under {id}: see `ordermade quarantine`")
    return found[0]


def _row(kept: Quarantined) -> dict[str, Any]:
    at = kept.message
    return {
        "id": str(kept.id),
        "partition": at.partition,
        "offset": at.offset,
        "received": at.received.isoformat(),
        "reason": kept.reason,
    }


def _text(name: str, said: bytes | None) -> dict[str, str | None]:
    """Under another name where it is no text, as CloudEvents name data that is none."""
    if said is None:
        return {name: None}
    try:
        return {name: said.decode()}
    except UnicodeDecodeError:
        return {f"{name}_base64": b64encode(said).decode()}
