"""`ordermade parked`: the events that a view could not fold."""

from __future__ import annotations

from typing import Annotated

import typer

from infra.cli.terminal import Actor, Json, open_deployment, update_views

parked = typer.Typer(invoke_without_command=True)


@parked.callback()
def list_events(context: typer.Context, as_json: Json = False) -> None:
    """List the events that views could not fold."""
    if context.invoked_subcommand is not None:
        return
    from consumers.questions.parked import list_parked
    from infra.cli.answers import print_rows

    with open_deployment() as deployment:
        events = list_parked(deployment.views)
        print_rows(deployment, "Which events are parked, and why?", events, as_json)


@parked.command()
def retry(
    view: str,
    key: Annotated[
        str | None, typer.Argument(help="Only events of this key or owner; else all.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would change, and change nothing.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Fold parked events again, in their order."""
    from consumers.questions.parked import retry_parked
    from infra.cli.tables import print_json, table

    with open_deployment() as deployment:
        result = retry_parked(
            view,
            key,
            deployment.log,
            deployment.writable_views,
            deployment.owners(deployment.reader_pool),
            dry_run=dry_run,
        )
    if as_json:
        print_json(result)
        return
    table("What would the events change?" if dry_run else "What did they change?", result.rows)
    table("Which events are still parked?", result.parked)


@parked.command()
def drop(
    view: str,
    key: str,
    numbers: Annotated[list[int], typer.Argument(metavar="NUMBER…")],
    actor: Actor = None,
) -> None:
    """Let a view go on without events, for good.

    That is recorded as an event. The events that wait behind the dropped ones are folded.
    """
    from datetime import UTC, datetime

    from consumers.questions.parked import drop_parked

    with open_deployment() as deployment:
        dropped = drop_parked(
            view,
            key,
            numbers,
            deployment.log,
            deployment.writable_views,
            deployment.store,
            deployment.owners(deployment.reader_pool),
            now=datetime.now(UTC),
            channel="cli",
            actor=actor,
        )
        update_views(deployment)
    for appended in dropped:
        typer.echo(f"dropped at {', '.join(map(str, appended.positions))}")
