"""`ordermade order`: decisions about an order."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from infra.cli.arguments import (
    LINES,
    CommandId,
    CustomerOption,
    Effort,
    InstructionId,
    LineId,
    OrderId,
    QuoteId,
    Reason,
    TextOption,
    choice,
    parse_amounts,
    parse_json,
    parse_lines,
    parse_rates,
    parse_route,
)
from infra.cli.terminal import Actor, Json, open_deployment

order = typer.Typer(no_args_is_help=True)


@order.command()
def draft(
    order_id: OrderId,
    line: Annotated[list[str] | None, typer.Option(help=LINES)] = None,
    book: Annotated[
        str | None, typer.Option(help="The book that offers its options and prices it.")
    ] = None,
    from_design: Annotated[
        str | None, typer.Option(help="A design, whose lines, options and book it takes.")
    ] = None,
    customer: CustomerOption = None,
    id: CommandId = None,
    actor: Actor = None,
) -> None:
    """Open an order with its lines."""
    arguments = {"lines": parse_lines(line or []), "book": book, "from_design": from_design}
    _send(order_id, "draft", arguments, id, actor, customer=customer)


@order.command("choose")
def choose_option(
    order_id: OrderId,
    line: LineId,
    option: str,
    value: str,
    stage: Annotated[str, typer.Option(help="When it takes effect: its freeze point.")],
    text: TextOption = None,
    space: Annotated[str, typer.Option(help="closed, parametric, free_form …")] = "closed",
    effort_s: Effort = 0.0,
    id: CommandId = None,
    actor: Actor = None,
) -> None:
    """Choose an option for a line of a draft."""
    chosen = choice(line, option, stage, space, effort_s=effort_s, value=value, text=text)
    _send(order_id, "choose", {"choice": chosen}, id, actor)


@order.command()
def clear(
    order_id: OrderId,
    line: LineId,
    option: str,
    stage: Annotated[str, typer.Option(help="The stage of the option.")],
    id: CommandId = None,
    actor: Actor = None,
) -> None:
    """Take a choice back."""
    _send(order_id, "clear", {"choice": choice(line, option, stage)}, id, actor)


@order.command()
def quote(
    order_id: OrderId,
    quote_id: QuoteId,
    line: Annotated[
        list[str] | None, typer.Option(help="LINE=AMOUNT, for each line, if no book prices it.")
    ] = None,
    currency: Annotated[str | None, typer.Option(help="ISO 4217; else the book's.")] = None,
    load: Annotated[
        str | None, typer.Option(help="How busy the plant is: 0 idle, 1 full, more is over.")
    ] = None,
    lead_days: Annotated[int | None, typer.Option(help="Days until delivery.")] = None,
    rate: Annotated[
        list[str] | None,
        typer.Option(help="USD=0.92: one unit of a foreign currency in the book's currency."),
    ] = None,
    hours: Annotated[float, typer.Option(help="How long the quote is valid.")] = 24.0,
    id: CommandId = None,
    actor: Actor = None,
) -> None:
    """Quote a draft as it is now.

    Its book prices it; without a book, `--line` gives the price of each line.
    """
    from datetime import UTC, datetime, timedelta

    arguments = {
        "quote_id": quote_id,
        "lines": parse_amounts(line or []),
        "currency": currency,
        "load": load,
        "lead_days": lead_days,
        "rates": parse_rates(rate or []),
        "expires_at": (datetime.now(UTC) + timedelta(hours=hours)).isoformat(),
    }
    _send(order_id, "quote", arguments, id, actor)


@order.command()
def place(order_id: OrderId, quote_id: QuoteId, id: CommandId = None, actor: Actor = None) -> None:
    """Place a draft at the price of its quote."""
    _send(order_id, "place", {"quote_id": quote_id}, id, actor)


@order.command()
def queue(
    order_id: OrderId,
    operation: Annotated[list[str], typer.Option(help="OPERATION:LINE:WORK_CENTRE, in order.")],
    id: CommandId = None,
    actor: Actor = None,
) -> None:
    """Send a placed order to the plant."""
    _send(order_id, "queue", {"route": parse_route(operation)}, id, actor)


@order.command()
def cancel(
    order_id: OrderId,
    sunk_cost: Annotated[
        str | None, typer.Option(help="What was spent, once the order is queued.")
    ] = None,
    reason: Reason = None,
    id: CommandId = None,
    actor: Actor = None,
) -> None:
    """Cancel an order and its open operations."""
    _send(order_id, "cancel", {"sunk_cost": sunk_cost}, id, actor, reason=reason)


@order.command()
def instruct(
    order_id: OrderId,
    instruction_id: InstructionId,
    text: Annotated[str, typer.Argument(help="The customer's own words; stored sealed.")],
    line: Annotated[str | None, typer.Option(help="A line; else the whole order.")] = None,
    stage: Annotated[str, typer.Option(help="When it takes effect.")] = "pre_manufacture",
    effort_s: Effort = 0.0,
    id: CommandId = None,
    actor: Actor = None,
) -> None:
    """Record a special instruction, verbatim."""
    instruction = {
        "instruction_id": instruction_id,
        "line_id": line,
        "text": text,
        "stage": stage,
        "origin": "direct",
        "choice_space": "free_form",
        "target": "product",
        "effort_s": effort_s,
    }
    _send(order_id, "instruct", {"instruction": instruction}, id, actor)


@order.command()
def interpret(
    order_id: OrderId,
    instruction_id: InstructionId,
    operation: Annotated[
        list[str] | None,
        typer.Option(help="An operation that it asks for; without any, the interpreter reads it."),
    ] = None,
    by: Annotated[
        str | None, typer.Option(help="The person who interprets, with --operation.")
    ] = None,
    amount: Annotated[
        str | None, typer.Option(help="What the operations cost, for each piece.")
    ] = None,
    currency: Annotated[str | None, typer.Option(help="ISO 4217; else the book's.")] = None,
    id: CommandId = None,
    actor: Actor = None,
) -> None:
    """Record the operations that an instruction asks for."""
    arguments = {
        "instruction_id": instruction_id,
        "operations": operation or None,
        "by": by,
        "amount": amount,
        "currency": currency,
    }
    _send(order_id, "interpret", arguments, id, actor)


@order.command()
def waiting(as_json: Json = False) -> None:
    """List instructions that wait for a person."""
    from consumers.questions.instructions import waiting_instructions
    from infra.cli.answers import print_rows
    from infra.cli.show import IN_JSON

    with open_deployment() as deployment:
        instructions = waiting_instructions(deployment.views, IN_JSON)
        print_rows(
            deployment,
            "Which instructions wait for a person to interpret them?",
            instructions.rows,
            as_json,
            ["demand"],
            more=instructions.more,
        )


@order.command()
def needs(order_id: OrderId, as_json: Json = False) -> None:
    """List the inputs that it needs, and which are given."""
    from domain.subject import Subject
    from infra.cli.needs import print_needs

    print_needs(Subject("order", order_id), as_json)


@order.command()
def tell(
    order_id: OrderId,
    command: Annotated[str, typer.Argument(help="accept, promise, rework, refund, …")],
    arguments: Annotated[str, typer.Argument(help="A JSON object.")] = "{}",
    reason: Reason = None,
    id: CommandId = None,
    actor: Actor = None,
) -> None:
    """Send any command, its arguments in JSON.

    docs/commands lists the commands with their arguments.
    """
    _send(order_id, command, parse_json(arguments), id, actor, reason=reason)


def _send(
    order_id: str,
    name: str,
    arguments: Mapping[str, Any],
    id: str | None,
    actor: str | None,
    *,
    customer: str | None = None,
    reason: str | None = None,
) -> None:
    from domain.subject import Subject
    from infra.cli.sending import send_and_report

    subject = Subject("order", order_id)
    send_and_report(subject, name, arguments, id, actor, customer=customer, reason=reason)
