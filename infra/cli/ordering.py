"""Commands from the terminal: words become a command, and its answer words."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, cast
from uuid import uuid4

import typer

from consumers.doors.command_types import parse_arguments
from consumers.doors.commands import Command, CommandResult
from domain.subject import Subject
from domain.values import PURPOSES, Purpose
from infra.cli.terminal import open_deployment, update_views, wait_for_log
from infra.errors import UserError

Said = dict[str, Any]


def purposes_of(text: str) -> list[Purpose]:
    named = [p for p in text.split(",") if p]
    unknown = [p for p in named if p not in PURPOSES]
    if unknown or not named:
        said = unknown[0] if unknown else "an empty list"
        raise UserError(f"{said} is no purpose: name some of {','.join(PURPOSES)}")
    return cast(list[Purpose], named)


def lines(words: list[str]) -> list[Said]:
    made = []
    for word in words:
        line_id, _, rest = word.partition("=")
        product, _, quantity = rest.partition(":")
        if quantity and not quantity.isdigit():
            raise UserError(f"--line {word}: the quantity is no whole number: write LINE=PRODUCT:2")
        made.append({"line_id": line_id, "product": product, "quantity": int(quantity or 1)})
    return made


def amounts(words: list[str]) -> list[Said]:
    if wrong := [w for w in words if "=" not in w]:
        raise UserError(f"--line {wrong[0]}: write LINE=AMOUNT")
    return [dict(zip(("line_id", "amount"), w.split("=", 1), strict=True)) for w in words]


def rates(words: list[str]) -> list[Said]:
    if wrong := [w for w in words if "=" not in w]:
        raise UserError(f"--rate {wrong[0]}: write CURRENCY=RATE")
    return [dict(zip(("currency", "rate"), w.split("=", 1), strict=True)) for w in words]


def route(words: list[str]) -> list[Said]:
    names = ("operation_id", "line_id", "work_centre")
    if wrong := [w for w in words if w.count(":") != 2]:
        raise UserError(f"--operation {wrong[0]}: write OPERATION:LINE:WORK_CENTRE")
    return [dict(zip(names, w.split(":"), strict=True)) for w in words]


def choice(line: str, option: str, stage: str, space: str = "closed", **more: Any) -> Said:
    """A choice that the customer made, by themselves and for the product."""
    return {
        "line_id": line, "option": option, "stage": stage, "choice_space": space,
        "origin": "direct", "target": "product", **more,
    }  # fmt: skip


def parsed(text: str) -> Said:
    """Arguments as a person wrote them in JSON."""
    try:
        said = json.loads(text)
    except json.JSONDecodeError as error:
        raise UserError(
            f"the arguments are no JSON ({error.msg}): write '{{\"name\": …}}'"
        ) from None
    if not isinstance(said, dict):
        raise UserError("the arguments are one JSON object")
    return said


def tell(
    subject: str,
    name: str,
    said: Mapping[str, Any],
    id: str | None,
    actor: str | None,
    *,
    customer: str | None = None,
    reason: str | None = None,
    as_json: bool = False,
) -> CommandResult:
    """Sends a command, waits for the views, and says what came of it."""
    done = send(subject, name, said, id, actor, customer=customer, reason=reason)
    if as_json:
        typer.echo(json.dumps(recorded(done)))
        return done
    for event in done.events:
        typer.echo(f"{event.event.type} at {event.position}")
    if not done.events:
        typer.echo("It is so already: nothing was recorded.")
    elif done.duplicate:
        typer.echo("This command was carried out before: that was its answer.")
    return done


def recorded(done: CommandResult) -> Said:
    """What a command recorded, as JSON has it."""
    events = [{"type": r.event.type, "position": str(r.position)} for r in done.events]
    return {"events": events, "known": done.duplicate}


def send(
    subject: str,
    name: str,
    said: Mapping[str, Any],
    id: str | None,
    actor: str | None,
    *,
    customer: str | None = None,
    reason: str | None = None,
) -> CommandResult:
    arguments = parse_arguments(Subject.parse(subject).kind, name, json.dumps(said).encode())
    command = Command(
        id=id or str(uuid4()),
        source="/ordermade/cli",
        subject=subject,
        name=name,
        arguments=arguments,
        time=datetime.now(UTC),
        customer=customer,
        actor=actor,
        channel="cli",
        reason=reason,
    )
    with open_deployment() as deployment:
        done = deployment.commands.execute(command)
        update_views(deployment)
        wait_for_log(deployment)
    return done
