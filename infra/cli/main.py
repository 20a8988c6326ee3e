"""`ordermade`: what people type. Heavy parts are imported by the command that needs them."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from infra.cli.cataloguing import catalogue
from infra.cli.deciding import consent
from infra.cli.designing import design
from infra.cli.explaining import explain, verify
from infra.cli.instructing import order
from infra.cli.quarantining import quarantine
from infra.cli.rebuilding import parked, rebuild
from infra.cli.terminal import Json, open_deployment, sentence, update_views, wait_for_log, waits
from infra.errors import UserError

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
importing = typer.Typer(no_args_is_help=True)
app.add_typer(importing, name="import", help="Take in events from files.")
app.add_typer(order, name="order", help="Decide about an order.")
held = typer.Typer(invoke_without_command=True)
app.add_typer(design, name="design", help="Try a configuration out.")
app.add_typer(catalogue, name="catalogue", help="Write, approve and publish books.")
app.add_typer(held, name="held", help="Reports on orders that nobody opened yet.")
app.add_typer(consent, name="consent", help="Record what a customer allows, or no longer allows.")
app.add_typer(parked, name="parked", help="The events that wait, with the reason.")
app.add_typer(quarantine, name="quarantine", help="Messages from Kafka that were refused.")
app.add_typer(explain, name="explain", help="How something came about.")
app.add_typer(verify, name="verify", help="Whether what is stored is as it was said.")
app.command()(rebuild)
keys = typer.Typer(no_args_is_help=True)
app.add_typer(keys, name="keys", help="The backup of what is in the database alone.")

Basis = Annotated[str, typer.Option(help="Purposes, by comma, that are recorded as consent.")]


@app.callback()
def writes(
    wait_log: Annotated[
        bool,
        typer.Option("--wait-log", help="Writes end when Kafka has them too, or fail saying so."),
    ] = False,
) -> None:
    """Orders, preferences, and what became of them."""
    from infra.settings import Settings

    if wait_log and not Settings().kafka:
        raise UserError("--wait-log is for a log in Kafka: set ORDERMADE_KAFKA, or leave it out")
    waits.set(wait_log)


@app.command()
def init() -> None:
    """Make the home, the database and the log; nothing happens to what is there already."""
    with open_deployment() as deployment:
        deployment.log.heads()
        update_views(deployment)
        typer.echo(f"Ready in {deployment.settings.home}.")


@importing.command("events")
def import_events(
    file: Annotated[Path, typer.Argument(help="CloudEvents in JSON, one a line; also .gz or .xz.")],
    basis: Basis,
) -> None:
    """Take in facts and reports; what is refused is written beside the file, with the reason."""
    from infra.cli.importing import import_file
    from infra.imports.files import events

    if import_file(file, basis, events):
        raise typer.Exit(1)


@importing.command("online-retail")
def import_online_retail(
    file: Annotated[
        Path, typer.Argument(help="Invoices as CSV, a line an event; also .gz or .xz.")
    ],
    basis: Basis,
    namespace: Annotated[str, typer.Option(help="In front of a CustomerID.")] = "online-retail",
) -> None:
    """Take in invoices of UCI's "Online Retail": docs/online-retail.md says what becomes what."""
    from infra.cli.importing import import_file
    from infra.imports.online_retail import online_retail

    if import_file(file, basis, lambda lines: online_retail(lines, namespace)):
        raise typer.Exit(1)


@app.command()
def show(
    view: str,
    key: Annotated[
        str | None, typer.Argument(help="A key; a customer also as namespace:id.")
    ] = None,
    as_of: Annotated[str | None, typer.Option(help="As it was known at that time.")] = None,
    valid_at: Annotated[
        str | None, typer.Option(help="By what had happened until that time, late news too.")
    ] = None,
    limit: Annotated[
        int | None, typer.Option(min=1, help="How many rows: 20 on a page, 1000 in JSON.")
    ] = None,
    as_json: Json = False,
) -> None:
    """A view in figures with its first rows, or the rows of a key; personal fields opened."""
    from infra.cli.rebuilt import show_past
    from infra.cli.showing import show_view

    with open_deployment() as deployment:
        if as_of or valid_at:
            show_past(deployment, view, key, as_of, valid_at, as_json)
        else:
            show_view(deployment, view, key, as_json, limit)


@app.command()
def lag(as_json: Json = False) -> None:
    """How far each view is behind the log, in events and in seconds."""
    from infra.cli.showing import show_lag

    with open_deployment() as deployment:
        show_lag(deployment, as_json)


@held.callback()
def list_held(context: typer.Context, as_json: Json = False) -> None:
    """List the reports that wait for their order to be opened."""
    if context.invoked_subcommand:
        return
    from infra.cli.showing import show_held

    with open_deployment() as deployment:
        show_held(deployment, as_json)


@held.command()
def release(
    id: Annotated[str, typer.Argument(help="As `ordermade held` lists it.")],
    customer: Annotated[
        str | None, typer.Option(help="Whose the order is; nobody's if left out, for ever.")
    ] = None,
) -> None:
    """Open the order with the report, and let in what else waits for it."""
    from infra.cli.showing import release_held

    with open_deployment() as deployment:
        release_held(deployment, id, customer)
        update_views(deployment)
        wait_for_log(deployment)


@app.command("sql")
def run_sql(query: str, as_json: Json = False) -> None:
    """Ask the schema `view`, as an analyst who can read nothing else."""
    from infra.cli.showing import ask

    with open_deployment() as deployment:
        ask(deployment, query, as_json)


@app.command()
def demo() -> None:
    """Play a small shop through the whole path, and show what the views say of it."""
    from infra.cli.demo import play

    with open_deployment() as deployment:
        play(deployment)


@app.command()
def serve(
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="0 takes any that is free.")] = 8080,
) -> None:
    """Serve publishing, commands, views and the log over HTTP until Ctrl-C."""
    from infra.http.serve import serve

    serve(host, port)


@app.command()
def up(
    projectors: Annotated[int, typer.Option(help="Processes that fold views.")] = 1,
    http: Annotated[
        int | None, typer.Option(metavar="PORT", help="Serve HTTP too, on 127.0.0.1.")
    ] = None,
) -> None:
    """Run the processes of the system until Ctrl-C."""
    from infra.processes import supervise

    with open_deployment() as deployment:  # keeps the embedded server running meanwhile
        typer.echo(f"Up, in {deployment.settings.home}. Ctrl-C stops.", err=True)
        supervise(projectors, http, kafka=deployment.settings.kafka is not None)


@app.command(hidden=True)
def project() -> None:
    """Keep the views up to date until SIGTERM; `up` runs this."""
    from infra.processes import run_projectors, stop_on_signal

    stop = stop_on_signal()
    with open_deployment() as deployment:
        projectors = deployment.projectors()
        run_projectors(projectors, deployment.offsets(projectors), stop)


@app.command(hidden=True)
def relay() -> None:
    """Copy the store to Kafka until SIGTERM; `up` runs this."""
    from infra.processes import run_relay, stop_on_signal

    stop = stop_on_signal()
    with open_deployment() as deployment:
        run_relay(deployment.relay(), stop)


@app.command(hidden=True)
def inbox() -> None:
    """Take messages from the inbox in Kafka until SIGTERM; `up` runs this."""
    from infra.processes import run_inbox, stop_on_signal

    stop = stop_on_signal()
    with open_deployment() as deployment:
        run_inbox(deployment.inbox_member(), stop)


@keys.callback()
def about_keys() -> None:
    """The keys of owners, and the names of customers."""


@keys.command("export")
def export_keys(
    file: Annotated[Path, typer.Argument(help="Written whole or not at all; mode 0600.")],
    as_json: Json = False,
) -> None:
    """Back up owners' keys, wrapped, and customers' names, sealed; secrets.json opens them."""
    from infra.cli.restoring import export_keys

    with open_deployment() as deployment:
        export_keys(deployment, file, as_json)


@app.command()
def restore(
    keys: Annotated[
        list[Path] | None,
        typer.Option(help="What `ordermade keys export` wrote; of several, the newest first."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Bring back from Kafka what the database lacks: everything, or what came after a backup."""
    from infra.cli.restoring import restore

    with open_deployment() as deployment:
        restore(deployment, keys or [], as_json)


@app.command()
def timers(
    once: Annotated[bool, typer.Option("--once", help="Record what is due now, and end.")] = False,
) -> None:
    """Record what becomes due (quotes expire, promises are kept or missed); `up` runs this."""
    from infra.processes import run_timers, stop_on_signal

    stop = stop_on_signal()
    with open_deployment() as deployment:
        if not once:
            run_timers(deployment, stop)
            return
        count = deployment.timers().run()
        deployment.held_reports.release()
        update_views(deployment)
        typer.echo(f"{count} events were due.")


def run(arguments: Any = None) -> None:
    """The entry point: errors are sentences on stderr, and a non-zero exit."""
    try:
        app(arguments)
    except Exception as error:
        typer.echo(f"ordermade: {sentence(error)}", err=True)
        sys.exit(1)
