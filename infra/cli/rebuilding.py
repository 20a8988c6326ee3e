"""`ordermade rebuild` and `ordermade parked`."""

from __future__ import annotations

from typing import Annotated

import typer

from infra.cli.terminal import Actor, Json, open_deployment

parked = typer.Typer()


def rebuild(
    view: Annotated[str, typer.Argument(help="A view, or all.")],
    accept: Annotated[bool, typer.Option("--accept", help="Show a new version's rows.")] = False,
    to: Annotated[
        str | None, typer.Option(help="Print the rows as known at that time; change nothing.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Make a view again from the log, and show it if it is as it must be."""
    from infra.cli.rebuilt import rebuild_views, rows_until

    with open_deployment() as deployment:
        if to:
            rows_until(deployment, view, to, as_json)
        elif not rebuild_views(deployment, view, accept):
            raise typer.Exit(1)


@parked.callback(invoke_without_command=True)
def list_parked(context: typer.Context, as_json: Json = False) -> None:
    """The events that wait, with the reason."""
    from infra.cli.showing import show_parked

    if context.invoked_subcommand is None:
        with open_deployment() as deployment:
            show_parked(deployment, as_json)


@parked.command("retry")
def retry_parked(
    view: str,
    key: Annotated[str | None, typer.Argument(help="Of one key only, or one owner.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show the difference.")] = False,
) -> None:
    """Send on what waits, in its order."""
    from infra.cli.rebuilt import retry

    with open_deployment() as deployment:
        retry(deployment, view, key, dry_run)


@parked.command("drop")
def drop_parked(
    view: str, key: str, numbers: Annotated[list[int], typer.Argument(metavar="NUMBER…")],
    actor: Actor = None,
) -> None:  # fmt: skip
    """Record that a view goes on without events; what waited behind them follows."""
    from infra.cli.rebuilt import drop

    with open_deployment() as deployment:
        drop(deployment, view, key, numbers, actor)
