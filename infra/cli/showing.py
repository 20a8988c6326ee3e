"""Answers: rows of views, lags and what waits, as tables or as JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import msgspec
import psycopg
import typer
from psycopg.rows import dict_row
from rich.console import Console
from rich.table import Table

from infra.bootstrap import App
from infra.cli.main import Told
from projections import discover

Row = dict[str, Any]


def show_view(app: App, name: str, key: str | None, as_json: bool) -> None:
    projection = discover().get(name)
    if projection is None:
        raise Told(f"there is no view {name}: the views are {', '.join(sorted(discover()))}")
    if key and ":" in key:
        found = app.owners(app.pool("reader")).find([key.removeprefix("customer/")])
        if not found:
            raise Told(f"nobody is known as {key}: check the namespace and the id")
        [owner] = found.values()
        key = f"customer/{owner}" if key.startswith("customer/") else owner
    rows = [{"key": k, **msgspec.to_builtins(row)} for k, row in app.views.find(projection, key)]
    heads = app.log.heads()
    behind = sum(lag["events"] for lag in lags(app) if lag["view"] == name)
    if as_json:
        typer.echo(json.dumps({"rows": rows, "position": heads, "lag": behind}))
        return
    table(projection.answers, rows)
    typer.echo(f"{sum(heads.values())} events in the log; {behind} of them not in this view yet.")


def lags(app: App) -> list[Row]:
    heads = app.log.heads()
    return [
        {
            "view": projection.name,
            "partition": partition,
            "events": head - app.views.position(projection.group, partition),
        }
        for projection in discover().values()
        for partition, head in sorted(heads.items())
    ]


def parked_events(app: App) -> list[Row]:
    return [
        {"view": p.name, "number": e.number, "key": e.key, "owner": e.owner, "reason": e.reason}
        for p in discover().values()
        for e in app.views.parked(p.group)
    ]


def ask(app: App, query: str) -> list[Row]:
    with app.pool("analyst") as pool, pool.connection() as db:
        try:
            cursor = db.cursor(row_factory=dict_row).execute(query.encode())
            return cursor.fetchall() if cursor.description else []
        except psycopg.errors.InsufficientPrivilege:
            raise Told("only the schema `view` can be read, and nothing written") from None
        except psycopg.errors.SyntaxErrorOrAccessRuleViolation as error:
            raise Told(f"the query is not understood: {error.diag.message_primary}") from None


def table(sentence: str, rows: Sequence[Row]) -> None:
    """A sentence, and the rows below it."""
    typer.echo(sentence)
    if not rows:
        typer.echo("(nothing)")
        return
    shown = Table(*rows[0])
    for row in rows:
        shown.add_row(*("" if v is None else str(v) for v in row.values()))
    Console().print(shown)
