"""Answers: rows of views, lags and what waits, as tables or as JSON."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Collection, Sequence
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
from infra.cli.terminal import Told
from projections import discover
from projections.view import AnyProjection

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
    answer(app, projection.answers, rows, [projection], as_json, most)


def answer(
    app: App,
    sentence: str,
    rows: Sequence[Row],
    views: Collection[AnyProjection],
    as_json: bool,
    most: int | None = None,
) -> None:
    """Rows, and how far the views that they come from are: position, lag, and what waits."""
    lags = app.progress.lags([view.group for view in views])
    position = str(app.progress.position(lags))
    events, seconds = sum(lag.events for lag in lags), max(lag.seconds for lag in lags)
    parked = sum(len(app.views.parked(view.group)) for view in views)
    if as_json:
        lag = {"events": events, "seconds": seconds}
        told = {"rows": rows, "position": position, "lag": lag, "parked": parked}
        typer.echo(json.dumps(told, default=str))
        return
    table(sentence, rows[:most])
    if len(rows) > len(rows[:most]):
        typer.echo(f"… and {len(rows[most:])} more.")
    waiting = f"; {parked} parked: see `ordermade parked`" if parked else ""
    typer.echo(f"Position {position}; {events} events, {seconds:.1f} s behind{waiting}.")


def show_lag(app: App, as_json: bool) -> None:
    names = {p.group: p.name for p in discover().values()}
    relayed = app.progress.relay(app.log.heads()) if app.settings.kafka else []
    rows = [
        {"view": names.get(lag.group), **msgspec.to_builtins(lag)}
        for lag in [*relayed, *app.progress.lags(names)]
    ]
    answer(app, "How far is each group behind the store?", rows, discover().values(), as_json)


def show_parked(app: App, as_json: bool) -> None:
    rows = [
        {"view": p.name, "number": e.number, "key": e.key, "owner": e.owner, "reason": e.reason}
        for p in discover().values()
        for e in app.views.parked(p.group)
    ]
    answer(app, "Which events wait, and why?", rows, discover().values(), as_json)


def show_held(app: App, as_json: bool) -> None:
    rows = [
        {"id": w.id, "subject": w.subject, "type": w.type, "received": w.received.isoformat()}
        for w in app.held.find()
    ]
    answer(app, "Which reports wait for their order?", rows, discover().values(), as_json)


def ask(app: App, query: str, as_json: bool) -> None:
    """Prints what the schema `view` answers, to an analyst who can read nothing else."""
    answer(app, query, _asked(app, query), discover().values(), as_json)


def _asked(app: App, query: str) -> list[Row]:
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
    """A sentence, and the rows below it, without the columns that are empty."""
    typer.echo(f"\n{sentence}")
    if not rows:
        typer.echo("(nothing)")
        return
    columns = {name: [_cell(row[name]) for row in rows] for name in rows[0]}
    told = {name: cells for name, cells in columns.items() if any(cells)}
    shown = Table(box=box.SIMPLE_HEAD, show_edge=False)
    for name, cells in told.items():
        short = max(map(len, cells)) <= _SHORT
        shown.add_column(name.replace("_", " "), no_wrap=short, overflow="fold")
    for line in zip(*told.values(), strict=True):
        shown.add_row(*line)
    Console(width=None if sys.stdout.isatty() else _PAGE).print(shown)


def _cell(value: Any) -> str:
    """A value for people: times to the minute, a list below itself, a record on one line."""
    match value:
        case None | "" | [] | ():
            return ""
        case dict():
            return " ".join(filter(None, map(_cell, value.values())))
        case list() | tuple():
            flat = all(isinstance(v, str) for v in value)
            return (" " if flat else "\n").join(map(_cell, value))
        case str() if _TIME.match(value):
            return value[:16].replace("T", " ")
        case str():
            return _UUID.sub(lambda found: found[0][:8], value)
        case datetime():
            return f"{value:%Y-%m-%d %H:%M}"
        case UUID():
            return str(value)[:8]
    return f"{value:.3g}" if isinstance(value, float) else str(value)
