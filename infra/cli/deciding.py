"""Decisions as people type them; `ordering.py` sends them."""

from __future__ import annotations

from typing import Annotated

import typer

from domain.subject import Subject
from infra.cli.terminal import Actor, Json, open_deployment

order = typer.Typer(no_args_is_help=True)
consent = typer.Typer(no_args_is_help=True)

Customer = Annotated[str, typer.Argument(help="namespace:id, or our id.")]
OrderId = Annotated[str, typer.Argument(metavar="ORDER")]
QuoteId = Annotated[str, typer.Argument(metavar="QUOTE")]
LineId = Annotated[str, typer.Argument(metavar="LINE")]
CommandId = Annotated[
    str | None, typer.Option("--id", help="The command's own id: sent again, it is done once.")
]
Reason = Annotated[str | None, typer.Option(help="Why; kept sealed.")]
Whose = Annotated[str | None, typer.Option(help="namespace:id, or our id.")]
Words = Annotated[str | None, typer.Option(help="The customer's own words for it.")]
Effort = Annotated[float, typer.Option(help="The customer's work, in seconds.")]
LINES = "LINE=PRODUCT or LINE=PRODUCT:QUANTITY"


@order.command()
def draft(
    order_id: OrderId,
    line: Annotated[list[str] | None, typer.Option(help=LINES)] = None,
    book: Annotated[
        str | None, typer.Option(help="The book that it is chosen from and priced by.")
    ] = None,
    from_design: Annotated[
        str | None, typer.Option(help="A design, whose lines, options and book it takes.")
    ] = None,
    customer: Whose = None,
    id: CommandId = None,
    actor: Actor = None,
) -> None:
    """Open an order with its lines."""
    from infra.cli.ordering import lines, tell

    said = {"lines": lines(line or []), "book": book, "from_design": from_design}
    tell(f"order/{order_id}", "draft", said, id, actor, customer=customer)


@order.command()
def choose(
    order_id: OrderId,
    line: LineId,
    option: str,
    value: str,
    stage: Annotated[str, typer.Option(help="When it takes effect: its freeze point.")],
    text: Words = None,
    space: Annotated[str, typer.Option(help="closed, parametric, free_form …")] = "closed",
    effort_s: Effort = 0.0,
    id: CommandId = None,
    actor: Actor = None,
) -> None:
    """Choose an option for a line of a draft."""
    from infra.cli.ordering import choice, tell

    chosen = choice(line, option, stage, space, effort_s=effort_s, value=value, text=text)
    tell(f"order/{order_id}", "choose", {"choice": chosen}, id, actor)


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
    from infra.cli.ordering import choice, tell

    tell(f"order/{order_id}", "clear", {"choice": choice(line, option, stage)}, id, actor)


@order.command()
def quote(
    order_id: OrderId,
    quote_id: QuoteId,
    line: Annotated[
        list[str] | None, typer.Option(help="LINE=AMOUNT, for each line, if no book prices it.")
    ] = None,
    currency: Annotated[str | None, typer.Option(help="ISO 4217; a book knows its own.")] = None,
    load: Annotated[str | None, typer.Option(help="How busy we are, 0 to 1 and over.")] = None,
    lead_days: Annotated[int | None, typer.Option(help="Days until delivery.")] = None,
    rate: Annotated[
        list[str] | None, typer.Option(help="USD=0.92: a foreign unit in the book's currency.")
    ] = None,
    hours: Annotated[float, typer.Option(help="How long it holds.")] = 24.0,
    id: CommandId = None,
    actor: Actor = None,
) -> None:
    """Quote a draft as it is now: its book prices it, or each line's price is given."""
    from datetime import UTC, datetime, timedelta

    from infra.cli.ordering import amounts, rates, tell

    expires = (datetime.now(UTC) + timedelta(hours=hours)).isoformat()
    said = {"quote_id": quote_id, "lines": amounts(line or []), "currency": currency,
            "load": load, "lead_days": lead_days, "rates": rates(rate or []),
            "expires_at": expires}  # fmt: skip
    tell(f"order/{order_id}", "quote", said, id, actor)


@order.command()
def place(order_id: OrderId, quote_id: QuoteId, id: CommandId = None, actor: Actor = None) -> None:
    """Place a draft at the price of its quote."""
    from infra.cli.ordering import tell

    tell(f"order/{order_id}", "place", {"quote_id": quote_id}, id, actor)


@order.command()
def queue(
    order_id: OrderId,
    operation: Annotated[list[str], typer.Option(help="OPERATION:LINE:WORK_CENTRE, in order")],
    id: CommandId = None,
    actor: Actor = None,
) -> None:
    """Send a placed order to the plant, with its route."""
    from infra.cli.ordering import route, tell

    tell(f"order/{order_id}", "queue", {"route": route(operation)}, id, actor)


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
    """Cancel an order; its open operations are closed."""
    from infra.cli.ordering import tell

    tell(f"order/{order_id}", "cancel", {"sunk_cost": sunk_cost}, id, actor, reason=reason)


@order.command()
def needs(order_id: OrderId, as_json: Json = False) -> None:
    """List what must be known to make it, and what the customer has given already."""
    from infra.cli.needs import show_needs

    with open_deployment() as deployment:
        show_needs(deployment, Subject("order", order_id), as_json)


@order.command("tell")
def tell_order(
    order_id: OrderId,
    command: Annotated[str, typer.Argument(help="instruct, accept, promise, rework, refund, …")],
    arguments: Annotated[str, typer.Argument(help="In JSON; what is wrong is said.")] = "{}",
    reason: Reason = None,
    id: CommandId = None,
    actor: Actor = None,
) -> None:
    """Any decision about an order, its arguments in JSON: docs/commands lists them."""
    from infra.cli.ordering import parsed, tell

    tell(f"order/{order_id}", command, parsed(arguments), id, actor, reason=reason)


Purposes = Annotated[str, typer.Argument(help="By comma: fulfil,personalize,analyse,…")]
Policy = Annotated[str, typer.Option(help="The version of the policy that was agreed to.")]


@consent.command()
def grant(
    customer: Customer, purposes: Purposes, policy: Policy, id: CommandId = None,
    actor: Actor = None,
) -> None:  # fmt: skip
    """Record that a customer consents."""
    _consent("grant-consent", customer, purposes, policy, id, actor)


@consent.command()
def withdraw(
    customer: Customer, purposes: Purposes, policy: Policy, id: CommandId = None,
    actor: Actor = None,
) -> None:  # fmt: skip
    """Record that a customer consents no more."""
    _consent("withdraw-consent", customer, purposes, policy, id, actor)


def _consent(
    command: str, customer: str, purposes: str, policy: str, id: str | None, actor: str | None
) -> None:
    from infra.cli.ordering import purposes_of, tell

    arguments = {"purposes": purposes_of(purposes), "policy_version": policy}
    tell(f"customer/{customer}", command, arguments, id, actor)
