"""Commands sent from the terminal, and what came of them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import typer

from consumers.doors.command_types import parse_arguments
from consumers.doors.commands import Command, CommandResult
from domain.subject import Subject
from infra.cli.tables import print_json
from infra.cli.terminal import finish_write, open_deployment
from infra.deployment import Deployment


def send_and_report(
    subject: Subject,
    name: str,
    arguments: Mapping[str, Any],
    id: str | None,
    actor: str | None,
    *,
    customer: str | None = None,
    reason: str | None = None,
    as_json: bool = False,
) -> CommandResult:
    """Send a command as `send` does, and print what it recorded."""
    result = send(subject, name, arguments, id, actor, customer=customer, reason=reason)
    if as_json:
        print_json(result_as_json(result))
        return result
    for recorded in result.events:
        typer.echo(f"{recorded.event.type} at {recorded.position}")
    if not result.events:
        typer.echo("Nothing was recorded: it is so already.")
    elif result.duplicate:
        typer.echo("This command was carried out before: that was its result.")
    return result


def result_as_json(result: CommandResult) -> dict[str, Any]:
    events = [{"type": r.event.type, "position": str(r.position)} for r in result.events]
    return {"events": events, "known": result.duplicate}


def send(
    subject: Subject,
    name: str,
    arguments: Mapping[str, Any],
    id: str | None,
    actor: str | None,
    *,
    customer: str | None = None,
    reason: str | None = None,
) -> CommandResult:
    """Carry out a command in the deployment of the settings. Raises Refusal."""
    with open_deployment() as deployment:
        return execute(
            deployment, subject, name, arguments, id, actor, customer=customer, reason=reason
        )


def execute(
    deployment: Deployment,
    subject: Subject,
    name: str,
    arguments: Mapping[str, Any],
    id: str | None = None,
    actor: str | None = None,
    *,
    customer: str | None = None,
    reason: str | None = None,
) -> CommandResult:
    """Carry out a command, and update the views. Raises Refusal."""
    command = Command(
        id=id or str(uuid4()),
        source="/ordermade/cli",
        subject=str(subject),
        name=name,
        arguments=parse_arguments(subject.kind, name, json.dumps(arguments).encode()),
        time=datetime.now(UTC),
        customer=customer,
        actor=actor,
        channel="cli",
        reason=reason,
    )
    result = deployment.commands.execute(command)
    finish_write(deployment)
    return result
