"""`ordermade explain` and `ordermade verify`."""

from __future__ import annotations

from typing import Annotated

import typer

from infra.cli.terminal import Json, open_deployment

explain = typer.Typer(no_args_is_help=True)
verify = typer.Typer(no_args_is_help=True)


@explain.callback()
@verify.callback()
def _group() -> None:
    """A group stays one, even of a single command."""


@explain.command("quote")
def explain_quote(
    quote: Annotated[
        str, typer.Argument(help="ORDER/QUOTE, ORDER/CHANGE, or the id of the event.")
    ],
    as_json: Json = False,
) -> None:
    """Price a quote again from its inputs, and show line by line whether it is identical."""
    from infra.cli.proving import explain_quote

    with open_deployment() as deployment:
        if not explain_quote(deployment, quote, as_json):
            raise typer.Exit(1)


@verify.command("prices")
def verify_prices(as_json: Json = False) -> None:
    """Price every quote that was ever issued again from its inputs, and compare."""
    from infra.cli.proving import verify_prices

    with open_deployment() as deployment:
        if not verify_prices(deployment, as_json):
            raise typer.Exit(1)
