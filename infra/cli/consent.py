"""`ordermade consent`: what a customer allows, or no longer allows."""

from __future__ import annotations

from typing import Annotated

import typer

from infra.cli.arguments import CommandId, CustomerId, parse_purposes
from infra.cli.terminal import Actor

consent = typer.Typer(no_args_is_help=True)

Purposes = Annotated[str, typer.Argument(help="Separated by commas: fulfil,personalize,analyse,…")]
Policy = Annotated[str, typer.Option(help="The version of the policy that was agreed to.")]


@consent.command()
def grant(
    customer: CustomerId,
    purposes: Purposes,
    policy: Policy,
    id: CommandId = None,
    actor: Actor = None,
) -> None:
    """Record that a customer consents."""
    _send("grant-consent", customer, purposes, policy, id, actor)


@consent.command()
def withdraw(
    customer: CustomerId,
    purposes: Purposes,
    policy: Policy,
    id: CommandId = None,
    actor: Actor = None,
) -> None:
    """Record that a customer no longer consents."""
    _send("withdraw-consent", customer, purposes, policy, id, actor)


def _send(
    command: str, customer: str, purposes: str, policy: str, id: str | None, actor: str | None
) -> None:
    from domain.subject import Subject
    from infra.cli.sending import send_and_report

    arguments = {"purposes": parse_purposes(purposes), "policy_version": policy}
    send_and_report(Subject("customer", customer), command, arguments, id, actor)
