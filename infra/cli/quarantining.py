"""`ordermade quarantine`; `mending.py` does it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from infra.cli.terminal import Json, open_deployment

quarantine = typer.Typer(invoke_without_command=True)

Id = Annotated[str, typer.Argument(metavar="ID", help="As `ordermade quarantine` lists it.")]


@quarantine.callback()
def list_quarantine(context: typer.Context, as_json: Json = False) -> None:
    """Messages from Kafka that were refused, with the reason."""
    from infra.cli.mending import show_quarantine

    if context.invoked_subcommand is None:
        with open_deployment() as deployment:
            show_quarantine(deployment, as_json)


@quarantine.command("show")
def show_message(id: Id) -> None:
    """A message as it came, opened, as JSON."""
    from infra.cli.mending import show_message

    with open_deployment() as deployment:
        show_message(deployment, id)


@quarantine.command()
def mend(
    id: Id,
    file: Annotated[Path, typer.Argument(help="The message as it should be: a CloudEvent, JSON.")],
) -> None:
    """Send a file in place of a message, with its basis; it is kept if it is refused too."""
    from infra.cli.mending import mend

    with open_deployment() as deployment:
        mend(deployment, id, file)


@quarantine.command()
def send(
    id: Annotated[str | None, typer.Argument(metavar="ID")] = None,
    every: Annotated[bool, typer.Option("--all", help="All there are.")] = False,
) -> None:
    """Send a message again as it is: it leaves if it is accepted now."""
    from infra.cli.mending import send

    with open_deployment() as deployment:
        send(deployment, id, every)


@quarantine.command()
def drop(id: Id) -> None:
    """Delete a message for good."""
    from infra.cli.mending import drop

    with open_deployment() as deployment:
        drop(deployment, id)
