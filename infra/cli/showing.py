"""Answers: rows of views, lags and what waits, as tables or as JSON."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
import psycopg
import typer
from psycopg.rows import dict_row
from rich import box
from rich.console import Console
from rich.table import Table

from infra.bootstrap import App
from infra.cli.main import Told
from projections import discover

Row = dict[str, Any]
_SHORT, _PAGE = 34, 140  # characters: what is kept on one line, and a page that is no terminal
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d")
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def show_view(app: App, name: str, key: str | None, as_json: bool, most: int | None = None) -> None:
    """Prints the rows of a view that a key leads to, or the first `most` of all."""
    projection = discover().get(name)
    if projection is None:
        raise Told(f"there is no view {name}: the views are {', '.join(sorted(discover()))}")
    if key and ":" in key:
        found = app.owners(app.pool("reader")).find([key.removeprefix("customer/")])
        if not found:
            raise Told(f"nobody is known as {key}: check the namespace and the id")
        [owner] = found.values()
        key = f"customer/{owner}" if key.startswith("customer/") else owner
    rows = [msgspec.to_builtins(row) for _, row in app.views.find(projection, key)]
    heads = app.log.heads()
    behind = sum(lag["events"] for lag in lags(app) if lag["view"] == name)
    if as_json:
        typer.echo(json.dumps({"rows": rows, "position": heads, "lag": behind}))
        return
    table(projection.answers, rows[:most])
    if len(rows) > len(rows[:most]):
        typer.echo(f"… and {len(rows[most:])} more.")
    typer.echo(f"{sum(heads.values())} events in the log; {behind} of them not in this view yet.")


def lags(app: App) -> list[Row]:
    names = {p.group: p.name for p in discover().values()}
    return [
        {"view": names[lag.group], **msgspec.to_builtins(lag)} for lag in app.progress.lags(names)
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
        except psycopg.OperationalError:
            raise
        except psycopg.Error as error:
            raise Told(f"the query fails: {error.diag.message_primary}") from None


def table(sentence: str, rows: Sequence[Row]) -> None:
    """A sentence, and the rows below it."""
    typer.echo(f"\n{sentence}")
    if not rows:
        typer.echo("(nothing)")
        return
    cells = [[_cell(value) for value in row.values()] for row in rows]
    shown = Table(box=box.SIMPLE_HEAD, show_edge=False)
    for name, column in zip(rows[0], zip(*cells, strict=True), strict=True):
        short = max(map(len, column)) <= _SHORT
        shown.add_column(name.replace("_", " "), no_wrap=short, overflow="fold")
    for line in cells:
        shown.add_row(*line)
    Console(width=None if sys.stdout.isatty() else _PAGE).print(shown)


def _cell(value: Any) -> str:
    """A value for people: times to the second, a list below itself, a record on one line."""
    match value:
        case None | "" | [] | ():
            return ""
        case dict():
            return " ".join(filter(None, map(_cell, value.values())))
        case list() | tuple():
            flat = all(isinstance(v, str) for v in value)
            return (" " if flat else "\n").join(map(_cell, value))
        case str() if _TIME.match(value):
            return value[:19].replace("T", " ")
        case str():
            return _UUID.sub(lambda found: found[0][:8], value)
        case datetime():
            return f"{value:%Y-%m-%d %H:%M:%S}"
        case UUID():
            return str(value)[:8]
    return f"{value:.3g}" if isinstance(value, float) else str(value)
