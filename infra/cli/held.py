"""`ordermade held`: reports on orders that nobody has opened."""

from __future__ import annotations

from typing import Annotated

import typer

from infra.cli.terminal import Json, finish_write, open_deployment

held = typer.Typer(invoke_without_command=True)


@held.callback()
def list_reports(context: typer.Context, as_json: Json = False) -> None:
    """List the reports that wait for their order."""
    if context.invoked_subcommand is not None:
        return
    from consumers.questions.held import list_held
    from infra.cli.answers import print_rows

    with open_deployment() as deployment:
        reports = list_held(deployment.held_report_store)
        print_rows(deployment, "Which reports wait for their order?", reports, as_json)


@held.command()
def release(
    id: Annotated[str, typer.Argument(help="As `ordermade held` lists it.")],
    customer: Annotated[
        str | None,
        typer.Option(help="The owner of the order; without it no customer, for good."),
    ] = None,
) -> None:
    """Open an order with a held report.

    The other reports that wait for the order are stored with it.
    """
    from consumers.questions.held import release_held

    with open_deployment() as deployment:
        appended = release_held(id, customer, deployment.held_reports)
        typer.echo(f"Stored at {appended.positions[0]}.")
        finish_write(deployment)
