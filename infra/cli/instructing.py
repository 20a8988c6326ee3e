"""What customers want in their own words: given, interpreted, and listed where it waits."""

from __future__ import annotations

from typing import Annotated

import typer

from infra.cli.deciding import CommandId, Effort, OrderId, order
from infra.cli.terminal import Actor, Json, open_deployment

__all__ = ["order"]

InstructionId = Annotated[str, typer.Argument(metavar="INSTRUCTION")]


@order.command()
def instruct(
    order_id: OrderId,
    instruction_id: InstructionId,
    text: Annotated[str, typer.Argument(help="The customer's own words; kept sealed.")],
    line: Annotated[str | None, typer.Option(help="A line; else the whole order.")] = None,
    stage: Annotated[str, typer.Option(help="When it takes effect.")] = "pre_manufacture",
    effort_s: Effort = 0.0,
    id: CommandId = None,
    actor: Actor = None,
) -> None:
    """Record a special instruction, verbatim."""
    from infra.cli.ordering import tell

    said = {
        "instruction_id": instruction_id, "line_id": line, "text": text, "stage": stage,
        "origin": "direct", "choice_space": "free_form", "target": "product", "effort_s": effort_s,
    }  # fmt: skip
    tell(f"order/{order_id}", "instruct", {"instruction": said}, id, actor)


@order.command()
def interpret(
    order_id: OrderId,
    instruction_id: InstructionId,
    operation: Annotated[
        list[str] | None, typer.Option(help="What shall be done; none: the interpreter says.")
    ] = None,
    by: Annotated[str | None, typer.Option(help="Who says so, of operations.")] = None,
    amount: Annotated[str | None, typer.Option(help="What they cost a piece.")] = None,
    currency: Annotated[str | None, typer.Option(help="ISO 4217; else the book's.")] = None,
    id: CommandId = None,
    actor: Actor = None,
) -> None:
    """Say what an instruction means, or ask the interpreter."""
    from infra.cli.ordering import tell

    said = {"instruction_id": instruction_id, "operations": operation or None, "by": by,
            "amount": amount, "currency": currency}  # fmt: skip
    tell(f"order/{order_id}", "interpret", said, id, actor)


@order.command()
def waiting(as_json: Json = False) -> None:
    """List the instructions that wait for a person, with their words."""
    from infra.cli.showing import show_waiting

    with open_deployment() as deployment:
        show_waiting(deployment, as_json)
