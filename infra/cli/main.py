"""The command `ordermade`: its groups and commands.

A command imports what it needs when it runs, so that `--help` and errors come at once.
"""

from __future__ import annotations

import sys
from typing import Annotated, Any

import typer

from infra.cli import up
from infra.cli.catalogue import catalogue
from infra.cli.consent import consent
from infra.cli.demo import demo
from infra.cli.design import design
from infra.cli.explain import explain, verify
from infra.cli.held import held
from infra.cli.importing import importing
from infra.cli.keys import keys
from infra.cli.lag import lag
from infra.cli.order import order
from infra.cli.parked import parked
from infra.cli.quarantine import quarantine
from infra.cli.rebuild import rebuild
from infra.cli.restore import restore
from infra.cli.show import show
from infra.cli.sql import sql
from infra.cli.terminal import error_message, waits_for_log
from infra.errors import UserError

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # importing it takes longer than everything else that --help needs
)


def _print_version(is_given: bool) -> None:
    if is_given:
        from importlib.metadata import version

        typer.echo(f"ordermade {version('ordermade')}")
        raise typer.Exit


@app.callback()
def options(
    wait_log: Annotated[
        bool,
        typer.Option("--wait-log", help="End a write when Kafka has it too; fail if it is late."),
    ] = False,
    version: Annotated[  # noqa: ARG001
        bool,
        typer.Option("--version", callback=_print_version, is_eager=True, help="Print it, end."),
    ] = False,
) -> None:
    """Orders and preferences of customers, as events: record, decide, look up."""
    if wait_log:
        from infra.settings import Settings

        if not Settings().kafka:
            raise UserError("--wait-log needs a log in Kafka: set ORDERMADE_KAFKA, or leave it out")
    waits_for_log.set(wait_log)


for command in (demo, up.init, show, sql, lag, rebuild, restore, up.up, up.serve, up.timers):
    app.command()(command)
for process in (up.project, up.relay, up.inbox):
    app.command(hidden=True)(process)
for group, name, help in (
    (importing, "import", "Import events from files."),
    (order, "order", "Decide about orders."),
    (design, "design", "Try configurations out."),
    (catalogue, "catalogue", "Write, approve, publish books."),
    (consent, "consent", "Record what customers allow."),
    (explain, "explain", "Show how a price came about."),
    (verify, "verify", "Check what is stored."),
    (held, "held", "Reports that wait for their order."),
    (parked, "parked", "Events that views could not fold."),
    (quarantine, "quarantine", "Refused messages from Kafka."),
    (keys, "keys", "Back up keys and names."),
):
    app.add_typer(group, name=name, help=help)


def run(arguments: Any = None) -> None:
    """The entry point: an error is a message on stderr, and a non-zero exit."""
    try:
        app(arguments)
    except Exception as error:
        typer.echo(f"ordermade: {error_message(error)}", err=True)
        sys.exit(1)
