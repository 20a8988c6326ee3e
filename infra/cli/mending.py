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

from consumers.doors.inbox import STRUCTURED
from consumers.ports.inbox import QuarantinedMessage
from domain.errors import Refusal
from infra.cli.showing import answer
from infra.cli.terminal import update_views
from infra.deployment import Deployment
from infra.errors import UserError
from projections import discover


def show_quarantine(deployment: Deployment, as_json: bool) -> None:
    rows = [_row(kept) for kept in deployment.quarantine.find()]
    answer(deployment, "Which messages were refused?", rows, discover().values(), as_json)


def show_message(deployment: Deployment, id: str) -> None:
    kept = _kept(deployment, id)
    headers = {name: (said or b"").decode(errors="replace") for name, said in kept.message.headers}
    told = {**_row(kept), "headers": headers, **_text("key", kept.message.key)}
    typer.echo(json.dumps(told | _text("value", kept.message.value), indent=2, ensure_ascii=False))


def mend(deployment: Deployment, id: str, file: Path) -> None:
    if not file.is_file():
        raise UserError(f"{file} is not there: name a file that can be read")
    kept = _kept(deployment, id)
    basis = tuple(header for header in kept.message.headers if header[0] == "basis")
    headers = (*basis, ("content-type", STRUCTURED.encode()))
    mended = replace(kept.message, headers=headers, value=file.read_bytes())
    _send(deployment, [replace(kept, message=mended)])


def send(deployment: Deployment, id: str | None, every: bool) -> None:
    if (id is None) != every:
        raise UserError("name one message, or say --all: see `ordermade quarantine`")
    _send(deployment, [_kept(deployment, id)] if id else deployment.quarantine.find())


def drop(deployment: Deployment, id: str) -> None:
    deployment.quarantine.remove([_kept(deployment, id).id])
    typer.echo("Dropped.")


def _send(deployment: Deployment, kept: Sequence[QuarantinedMessage]) -> None:
    """Sends messages again. Raises UserError where some are refused still."""
    answers = list(zip(kept, deployment.inbox_door.take([k.message for k in kept]), strict=True))
    refused = [(k, a) for k, a in answers if isinstance(a, Refusal)]
    for one, refusal in refused:
        deployment.quarantine.keep_instead(one.id, one.message, refusal)
    deployment.quarantine.remove([k.id for k, a in answers if not isinstance(a, Refusal)])
    typer.echo(f"{len(kept) - len(refused)} accepted, {len(refused)} refused.")
    update_views(deployment)
    if refused:
        raise UserError("\n".join(f"{one.id}: {refusal}" for one, refusal in refused))


def _kept(deployment: Deployment, id: str) -> QuarantinedMessage:
    try:
        found = deployment.quarantine.find([UUID(id)])
    except ValueError:
        found = []
    if not found:
        raise UserError(f"nothing is kept under {id}: see `ordermade quarantine`")
    return found[0]


def _row(kept: QuarantinedMessage) -> dict[str, Any]:
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
