"""`ordermade design`: a configuration that is tried out before there is an order."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from infra.cli.arguments import (
    LINES,
    CommandId,
    CustomerOption,
    DesignId,
    Effort,
    LineId,
    TextOption,
    choice,
    parse_lines,
)
from infra.cli.terminal import Actor, Json

design = typer.Typer(no_args_is_help=True)

StageOption = Annotated[str, typer.Option(help="The stage of the option.")]


@design.command()
def start(
    design_id: DesignId,
    book: Annotated[str, typer.Option(help="The book that offers its options.")],
    line: Annotated[list[str], typer.Option(help=LINES)],
    customer: CustomerOption = None,
    id: CommandId = None,
    actor: Actor = None,
) -> None:
    """Begin a design with its lines."""
    arguments = {"book": book, "lines": parse_lines(line)}
    _send(design_id, "start", arguments, id, actor, customer=customer)


@design.command("choose")
def choose_option(
    design_id: DesignId,
    line: LineId,
    option: str,
    value: str,
    stage: StageOption,
    text: TextOption = None,
    space: Annotated[str, typer.Option(help="closed or parametric.")] = "closed",
    effort_s: Effort = 0.0,
    id: CommandId = None,
    actor: Actor = None,
) -> None:
    """Choose an option for a line."""
    chosen = choice(line, option, stage, space, effort_s=effort_s, value=value, text=text)
    _send(design_id, "choose", {"choice": chosen}, id, actor)


@design.command()
def clear(
    design_id: DesignId,
    line: LineId,
    option: str,
    stage: StageOption,
    id: CommandId = None,
    actor: Actor = None,
) -> None:
    """Take a choice back."""
    _send(design_id, "clear", {"choice": choice(line, option, stage)}, id, actor)


@design.command()
def validate(design_id: DesignId, id: CommandId = None, actor: Actor = None) -> None:
    """Record whether it can be made.

    The version of its book that is effective now decides.
    """
    _send(design_id, "validate", {}, id, actor)


@design.command()
def needs(design_id: DesignId, as_json: Json = False) -> None:
    """List the inputs that it needs, and which are given."""
    from domain.subject import Subject
    from infra.cli.needs import print_needs

    print_needs(Subject("design", design_id), as_json)


def _send(
    design_id: str,
    name: str,
    arguments: Mapping[str, Any],
    id: str | None,
    actor: str | None,
    *,
    customer: str | None = None,
) -> None:
    from domain.subject import Subject
    from infra.cli.sending import send_and_report

    send_and_report(Subject("design", design_id), name, arguments, id, actor, customer=customer)
