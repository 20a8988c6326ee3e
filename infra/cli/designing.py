"""`ordermade design`: a configuration is tried out before there is an order."""

from __future__ import annotations

from typing import Annotated

import typer

from domain.subject import Subject
from infra.cli.deciding import LINES, CommandId, Effort, LineId, Whose, Words
from infra.cli.terminal import Actor, Json, open_deployment

design = typer.Typer(no_args_is_help=True)

Stage = Annotated[str, typer.Option(help="The option's stage.")]
DesignId = Annotated[str, typer.Argument(metavar="DESIGN")]


@design.command()
def start(
    design_id: DesignId,
    book: Annotated[str, typer.Option(help="The book that its options are from.")],
    line: Annotated[list[str], typer.Option(help=LINES)],
    customer: Whose = None,
    id: CommandId = None,
    actor: Actor = None,
) -> None:
    """Begin a design with its lines."""
    from infra.cli.ordering import lines, tell

    said = {"book": book, "lines": lines(line)}
    tell(f"design/{design_id}", "start", said, id, actor, customer=customer)


@design.command()
def choose(
    design_id: DesignId,
    line: LineId,
    option: str,
    value: str,
    stage: Stage,
    text: Words = None,
    space: Annotated[str, typer.Option(help="closed or parametric.")] = "closed",
    effort_s: Effort = 0.0,
    id: CommandId = None,
    actor: Actor = None,
) -> None:
    """Choose an option for a line."""
    from infra.cli.ordering import choice, tell

    chosen = choice(line, option, stage, space, effort_s=effort_s, value=value, text=text)
    tell(f"design/{design_id}", "choose", {"choice": chosen}, id, actor)


@design.command()
def clear(
    design_id: DesignId,
    line: LineId,
    option: str,
    stage: Stage,
    id: CommandId = None,
    actor: Actor = None,
) -> None:
    """Take a choice back."""
    from infra.cli.ordering import choice, tell

    tell(f"design/{design_id}", "clear", {"choice": choice(line, option, stage)}, id, actor)


@design.command()
def validate(design_id: DesignId, id: CommandId = None, actor: Actor = None) -> None:
    """Record whether it can be made as it is, by the version of its book that is effective now."""
    from infra.cli.ordering import tell

    tell(f"design/{design_id}", "validate", {}, id, actor)


@design.command()
def needs(design_id: DesignId, as_json: Json = False) -> None:
    """List what must be known to make it, and what the customer has given already."""
    from infra.cli.needs import show_needs

    with open_deployment() as deployment:
        show_needs(deployment, Subject("design", design_id), as_json)
