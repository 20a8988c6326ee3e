"""Commands from the terminal: words become a command, and its answer words."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, TypeVar, cast
from uuid import uuid4

import typer
from pydantic import TypeAdapter, ValidationError

from consumers.doors.commands import Command
from domain.customer.consent import PURPOSES, Purpose
from domain.order.events import OptionChosen, OptionCleared, OrderLine, Step
from infra.cli.terminal import Told, open_app

T = TypeVar("T")


def purposes_of(text: str) -> list[Purpose]:
    named = [p for p in text.split(",") if p]
    unknown = [p for p in named if p not in PURPOSES]
    if unknown or not named:
        said = unknown[0] if unknown else "an empty list"
        raise Told(f"{said} is no purpose: name some of {','.join(PURPOSES)}")
    return cast(list[Purpose], named)


def lines(words: list[str]) -> list[OrderLine]:
    made = []
    for word in words:
        line_id, _, rest = word.partition("=")
        product, _, quantity = rest.partition(":")
        if quantity and not quantity.isdigit():
            raise Told(f"--line {word}: the quantity is no whole number: write LINE=PRODUCT:2")
        said = {"line_id": line_id, "product": product, "quantity": int(quantity or 1)}
        made.append(_valid(OrderLine, said, "--line"))
    return made


def route(words: list[str]) -> list[Step]:
    names = ("operation_id", "line_id", "work_centre")
    if wrong := [w for w in words if w.count(":") != 2]:
        raise Told(f"--operation {wrong[0]}: write OPERATION:LINE:WORK_CENTRE")
    return [_valid(Step, dict(zip(names, w.split(":"), strict=True)), "--operation") for w in words]


def choice(
    line: str, option: str, stage: str, space: str = "closed", effort_s: float = 0.0, **more: Any
) -> OptionChosen | OptionCleared:
    """A choice that the customer made, by themselves and for the product."""
    said = {
        "line_id": line, "option": option, "stage": stage, "choice_space": space,
        "origin": "direct", "target": "product", "effort_s": effort_s, **more,
    }  # fmt: skip
    cls: Any = OptionChosen if more else OptionCleared
    return cast(OptionChosen | OptionCleared, _valid(cls, said, "the choice"))


def _valid(cls: type[T], said: Mapping[str, Any], what: str) -> T:
    try:
        return TypeAdapter(cls).validate_json(json.dumps(said))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise Told(f"{what}: {'.'.join(map(str, first['loc']))}: {first['msg']}") from None


def tell(
    subject: str,
    name: str,
    arguments: Mapping[str, Any],
    id: str | None,
    actor: str | None,
    *,
    customer: str | None = None,
    reason: str | None = None,
) -> None:
    """Sends a command, waits for the views, and says what came of it."""
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
    with open_app() as app:
        done = app.commands.execute(command)
        app.drain()
    for recorded in done.events:
        typer.echo(f"{recorded.event.type} at {recorded.position}")
    if not done.events:
        typer.echo("It is so already: nothing was recorded.")
    elif done.known:
        typer.echo("This command was carried out before: that was its answer.")
