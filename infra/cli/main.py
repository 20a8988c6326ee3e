"""`ordermade`: what people type. Heavy parts are imported by the command that needs them."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

if TYPE_CHECKING:
    from infra.bootstrap import App

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
importing = typer.Typer(no_args_is_help=True)
app.add_typer(importing, name="import", help="Take in events from files.")

Json = Annotated[bool, typer.Option("--json", help="Answer as JSON.")]


class Told(Exception):
    """A sentence for the person at the terminal; the command failed."""


def open_app() -> App:
    from infra.bootstrap import App
    from infra.settings import Settings

    return App(Settings())


@app.command()
def init() -> None:
    """Make the home and the database; nothing happens to what is there already."""
    with open_app() as opened:
        opened.drain()
        typer.echo(f"Ready in {opened.settings.home}.")


@importing.command("events")
def import_events(
    file: Annotated[Path, typer.Argument(help="CloudEvents in JSON, one a line.")],
    basis: Annotated[str, typer.Option(help="Purposes, by comma, that are recorded as consent.")],
) -> None:
    """Take in facts and reports; what is refused is written beside the file, with the reason."""
    from infra.cli.importing import import_file

    refused = import_file(open_app, file, basis)
    if refused:
        raise typer.Exit(1)


@app.command()
def show(
    view: str,
    key: Annotated[
        str | None, typer.Argument(help="A key; a customer also as namespace:id.")
    ] = None,
    as_json: Json = False,
) -> None:
    """The rows of a view, personal fields opened."""
    from infra.cli.showing import show_view

    with open_app() as opened:
        show_view(opened, view, key, as_json)


@app.command()
def lag(as_json: Json = False) -> None:
    """How far each view is behind the log, in events."""
    from infra.cli.showing import lags, table

    with open_app() as opened:
        rows = lags(opened)
    if as_json:
        typer.echo(json.dumps(rows))
    else:
        table("How far is each view behind the log?", rows)


@app.command()
def parked(as_json: Json = False) -> None:
    """The events that wait, with the reason."""
    from infra.cli.showing import parked_events, table

    with open_app() as opened:
        rows = parked_events(opened)
    if as_json:
        typer.echo(json.dumps(rows))
    else:
        table("Which events wait, and why?", rows)


@app.command("sql")
def run_sql(query: str, as_json: Json = False) -> None:
    """Ask the schema `view`, as an analyst who can read nothing else."""
    from infra.cli.showing import ask, table

    with open_app() as opened:
        rows = ask(opened, query)
    if as_json:
        typer.echo(json.dumps(rows, default=str))
    else:
        table(query, rows)


def fail(message: str) -> NoReturn:
    typer.echo(f"ordermade: {message}", err=True)
    sys.exit(1)


def run(arguments: Any = None) -> None:
    """The entry point: errors are sentences on stderr, and a non-zero exit."""
    try:
        app(arguments)
    except Told as told:
        fail(str(told))
    except Exception as error:
        from infra.postgres.embedded import explain
        from infra.settings import Settings

        if told_by := explain(error, Settings().home):
            fail(told_by)
        raise
