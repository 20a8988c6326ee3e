"""Rows and figures as tables, each below the question that it answers; or as JSON."""

from __future__ import annotations

import json
import re
import sys
import typing
from collections.abc import Collection, Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec
import typer
from rich import box
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

TableRow = Mapping[str, Any]
_NO_WRAP, _PAGE = 34, 140  # characters: of a cell that is not wrapped, of a line without a terminal
_EMPTY = ("", "0", "0.00", "no")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d")
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_RATES = {"unit_price"}  # columns whose decimals are all shown


def print_json(value: Any) -> None:
    """Print a Struct, a dataclass, or lists and dicts of them as JSON."""
    typer.echo(json.dumps(msgspec.to_builtins(value, enc_hook=str)))


def progress_bar() -> Progress:
    """A progress bar on stderr, so that stdout has the answer alone."""
    return Progress(console=Console(stderr=True))


def plain(value: Any) -> Any:
    """Return dicts for Structs and dataclasses; amounts, times and ids stay as they are."""
    return msgspec.to_builtins(value, builtin_types=(Decimal, datetime, date, UUID))


def table(question: str, rows: Sequence[Any], empty: Collection[str] = ("",)) -> None:
    """Print a question and the rows that answer it, without columns whose cells are all `empty`."""
    typer.echo(f"\n{question}")
    if not rows:
        typer.echo("(nothing)")
        return
    values: list[TableRow] = plain(rows)
    columns = {name: [_cell(row[name], name) for row in values] for name in values[0]}
    _print_columns(
        [
            (name.replace("_", " "), cells)
            for name, cells in columns.items()
            if not set(cells) <= set(empty)
        ]
    )


def table_of_columns(question: str, names: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Print a question and rows under given column names, with every column, in its order."""
    typer.echo(f"\n{question}")
    if names:
        _print_columns(
            [(name, [_cell(row[i], name) for row in rows]) for i, name in enumerate(names)]
        )
    if not (names and rows):
        typer.echo(f"({len(rows) or 'no'} rows)")


def _print_columns(columns: Sequence[tuple[str, Sequence[str]]]) -> None:
    """Print columns of equal length, each below its heading."""
    grid = Table(box=box.SIMPLE_HEAD, show_edge=False)
    for heading, cells in columns:
        no_wrap = max(map(len, cells), default=0) <= _NO_WRAP
        grid.add_column(heading, no_wrap=no_wrap, overflow="fold")
    for line in zip(*(cells for _, cells in columns), strict=True):
        grid.add_row(*line)
    # Square brackets in a value are text, not the markup of rich.
    Console(width=None if sys.stdout.isatty() else _PAGE, markup=False).print(grid)


def listing(question: str, rows: Sequence[Any]) -> None:
    """Print one line a row: parts of a row as columns, lists of parts as their number."""
    table(question, [_summary(row) for row in plain(rows)], _EMPTY)


def detail(question: str, row: Any) -> None:
    """Print one row as name and value, then a table for each list of parts in it."""
    values: TableRow = plain(row)
    cells = {n: _cell(v, n) for n, v in values.items() if not isinstance(v, dict) and not _parts(v)}
    table(
        question,
        [
            {"field": name.replace("_", " "), "value": cell}
            for name, cell in cells.items()
            if cell not in _EMPTY
        ],
    )
    for name, value in values.items():
        title = name.replace("_", " ").capitalize()
        if isinstance(value, dict):
            detail(title, value)
        elif _parts(value):
            listing(title, value)


def _summary(row: TableRow) -> TableRow:
    summary: dict[str, Any] = {}
    for name, value in row.items():
        if isinstance(value, dict) and "low" not in value:
            summary |= {n: v for n, v in _summary(value).items() if n not in row}
        else:
            summary[name] = len(value) if _parts(value) else value
    return summary


def _parts(value: Any) -> bool:
    """Whether a value is a list of parts, which is shown as a table of its own."""
    return isinstance(value, list | tuple) and any(isinstance(v, dict) for v in value)


def print_figures(figures: Any, limit: int, names: Collection[str] = ()) -> None:
    """Print each figure below the question that it answers; of a long list the first `limit`.

    `names` selects figures; without any all are printed.
    """
    hints = typing.get_type_hints(type(figures), include_extras=True)
    questions = {
        f.name: hints[f.name].__metadata__[0]
        for f in fields(figures)
        if not names or f.name in names
    }
    lists = {name: _figure_rows(getattr(figures, name)) for name in questions}
    single = [name for name, rows in lists.items() if rows is None]
    if single:
        values = {questions[name]: _figure(plain(getattr(figures, name))) for name in single}
        table("In figures", [{"question": q, "answer": value} for q, value in values.items()])
    for name, rows in lists.items():
        if rows is None:
            continue
        if any(not isinstance(row, dict) for row in rows):
            typer.echo("\n" + "\n  ".join((questions[name], *map(str, rows))))
            continue
        table(questions[name], rows[:limit])
        if rows[limit:]:
            typer.echo(f"… and {len(rows[limit:])} more: `--limit N` or `--json` shows them.")


def _figure_rows(figure: Any) -> list[Any] | None:
    """The rows of a figure that is shown as a table; None for one that is a single value."""
    if is_dataclass(figure):
        return [plain(figure)]
    if isinstance(figure, dict) and any(map(is_dataclass, figure.values())):
        return [{"of": name, **plain(part)} for name, part in figure.items()]
    return list(plain(figure)) if isinstance(figure, tuple) else None


def _figure(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {_cell(amount)}" for name, amount in value.items()) or "nothing"
    return _cell(value) or "not known"


def _cell(value: Any, name: str = "") -> str:
    """A value as a person reads it: times to the minute, money to the cent, ids shortened."""
    match value:
        case None | "" | [] | ():
            return ""
        case bool():
            return "yes" if value else "no"
        case {"low": low, "high": high}:
            return f"{low:.2f} to {high:.2f}"
        case {"sealed": _}:
            return "(erased)"
        case dict():
            return " ".join(filter(None, (_cell(v, n) for n, v in value.items())))
        case list() | tuple():
            flat = all(not isinstance(v, list | tuple | dict) for v in value)
            return (" " if flat else "\n").join(map(_cell, value))
        case str() if _TIME.match(value):
            return value[:16].replace("T", " ")
        case datetime():
            return f"{value:%Y-%m-%d %H:%M}"
        case Decimal() if name not in _RATES:
            return f"{value:,.2f}"
        case UUID():
            return str(value)[:8]
        case float():
            return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
    return _UUID.sub(lambda match: match[0][:8], str(value))
