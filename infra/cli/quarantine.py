"""`ordermade quarantine`: the messages of the inbox that were refused."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from infra.cli.terminal import Json, open_deployment, update_views
from infra.errors import UserError

if TYPE_CHECKING:
    from consumers.questions.quarantine import ResendResult
    from infra.deployment import Deployment

quarantine = typer.Typer(invoke_without_command=True)

Id = Annotated[str, typer.Argument(metavar="ID", help="As `ordermade quarantine` lists it.")]


@quarantine.callback()
def list_messages(context: typer.Context, as_json: Json = False) -> None:
    """List the messages from Kafka that were refused."""
    if context.invoked_subcommand is not None:
        return
    from consumers.questions.quarantine import list_quarantined
    from infra.cli.answers import print_rows

    with open_deployment() as deployment:
        messages = list_quarantined(deployment.quarantine)
        print_rows(deployment, "Which messages were refused?", messages, as_json)


@quarantine.command()
def show(id: Id) -> None:
    """Print a message, opened, as JSON."""
    import json

    from consumers.questions.quarantine import show_quarantined

    with open_deployment() as deployment:
        message = show_quarantined(id, deployment.quarantine)
    typer.echo(json.dumps(message, indent=2, ensure_ascii=False))


@quarantine.command()
def amend(
    id: Id,
    file: Annotated[Path, typer.Argument(help="The message as it should be: a CloudEvent, JSON.")],
) -> None:
    """Send a file in place of a message.

    It is sent with the basis of the message. If it is refused too, it takes the message's place.
    """
    from consumers.questions.quarantine import amend_quarantined

    if not file.is_file():
        raise UserError(f"{file} does not exist: name a file that can be read")
    with open_deployment() as deployment:
        result = amend_quarantined(
            id, file.read_bytes(), deployment.quarantine, deployment.inbox_receiver
        )
        _report(deployment, result)


quarantine.command("mend", hidden=True)(amend)  # its name until 0.1


@quarantine.command()
def send(
    id: Annotated[str | None, typer.Argument(metavar="ID")] = None,
    every: Annotated[bool, typer.Option("--all", help="Send all messages.")] = False,
) -> None:
    """Send a message again as it is.

    It leaves the quarantine if it is accepted now, after a consent was recorded for example.
    """
    from consumers.questions.quarantine import resend_quarantined

    if (id is None) != every:
        raise UserError("name one message, or use --all: `ordermade quarantine` lists them")
    with open_deployment() as deployment:
        ids = [id] if id else None
        result = resend_quarantined(ids, deployment.quarantine, deployment.inbox_receiver)
        _report(deployment, result)


@quarantine.command()
def drop(id: Id) -> None:
    """Delete a message for good."""
    from consumers.questions.quarantine import drop_quarantined

    with open_deployment() as deployment:
        drop_quarantined(id, deployment.quarantine)
    typer.echo("Dropped.")


def _report(deployment: Deployment, result: ResendResult) -> None:
    """Print what became of messages. Raises UserError where some were refused again."""
    typer.echo(f"{result.accepted} accepted, {len(result.refused)} refused.")
    update_views(deployment)
    if result.refused:
        raise UserError("\n".join(f"{each.id}: {each.reason}" for each in result.refused))
