"""Answers for people: rows and figures as tables below the sentence that they answer."""

from __future__ import annotations

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
from rich.table import Table

TableRow = Mapping[str, Any]
_SHORT, _PAGE = 34, 140  # characters: what is kept on one line, and a page that is no terminal
_NOTHING = ("", "0", "0.00", "no")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d")
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_RATES = {"unit_price"}  # a rate is shown with all its decimals


def plain(value: Any) -> Any:
    """A dataclass as dicts and lists; what is shown by its kind stays as it is."""
    return msgspec.to_builtins(value, builtin_types=(Decimal, datetime, date, UUID))


def table(sentence: str, rows: Sequence[TableRow], blank: Collection[str] = ("",)) -> None:
    """A sentence, and the rows below it, without the columns in which all are `blank`."""
    typer.echo(f"\n{sentence}")
    if not rows:
        typer.echo("(nothing)")
        return
    columns = {name: [_cell(row[name], name) for row in rows] for name in rows[0]}
    told = {name: cells for name, cells in columns.items() if not set(cells) <= set(blank)}
    shown = Table(box=box.SIMPLE_HEAD, show_edge=False)
    for name, cells in told.items():
        short = max(map(len, cells)) <= _SHORT
        shown.add_column(name.replace("_", " "), no_wrap=short, overflow="fold")
    for line in zip(*told.values(), strict=True):
        shown.add_row(*line)
    Console(width=None if sys.stdout.isatty() else _PAGE).print(shown)


def listing(sentence: str, rows: Sequence[TableRow]) -> None:
    """Rows on a line each: of a record its own words, of records how many there are."""
    table(sentence, [_summary(row) for row in rows], _NOTHING)


def detail(sentence: str, row: TableRow) -> None:
    """One row, whole: its own words, then a table for each kind of record in it."""
    own = {n: _cell(v, n) for n, v in row.items() if not _records(v) and not isinstance(v, dict)}
    said = {name: cell for name, cell in own.items() if cell not in _NOTHING}
    table(sentence, [{"what": n.replace("_", " "), "value": cell} for n, cell in said.items()])
    for name, value in row.items():
        title = name.replace("_", " ").capitalize()
        if isinstance(value, dict):
            detail(title, value)
        elif _records(value):
            listing(title, value)


def _summary(row: TableRow) -> TableRow:
    told: dict[str, Any] = {}
    for name, value in row.items():
        if isinstance(value, dict) and "low" not in value:
            told |= {n: v for n, v in _summary(value).items() if n not in row}
        else:
            told[name] = len(value) if _records(value) else value
    return told


def _records(value: Any) -> bool:
    """Whether a value is a list of records, which take a table of their own."""
    return isinstance(value, list | tuple) and any(isinstance(v, dict) for v in value)


def figures(made: Any, most: int) -> None:
    """Each figure below the question that it answers; of a long list the first ones."""
    hints = typing.get_type_hints(type(made), include_extras=True)
    asked = {f.name: hints[f.name].__metadata__[0] for f in fields(made)}
    lists = {name: _listed(getattr(made, name)) for name in asked}
    short = [name for name, listed in lists.items() if listed is None]
    table("In figures", [{"question": asked[n], "answer": _answer(plain(getattr(made, n)))}
                         for n in short])  # fmt: skip
    for name, rows in lists.items():
        if rows is None:
            continue
        if any(not isinstance(row, dict) for row in rows):
            typer.echo("\n" + "\n  ".join((asked[name], *map(str, rows))))
            continue
        table(asked[name], rows[:most])
        if rows[most:]:
            typer.echo(f"… and {len(rows[most:])} more: `--limit N` or `--json` shows them.")


def _listed(value: Any) -> list[Any] | None:
    """The rows of a figure that takes a table; None for one that is said in a line."""
    if is_dataclass(value):
        return [plain(value)]
    if isinstance(value, dict) and any(map(is_dataclass, value.values())):
        return [{"of": name, **plain(part)} for name, part in value.items()]
    return list(plain(value)) if isinstance(value, tuple) else None


def _answer(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {_cell(amount)}" for name, amount in value.items()) or "nothing"
    return _cell(value) or "not known"


def _cell(value: Any, name: str = "") -> str:
    """A value for people: times to the minute, money to the cent, ids by their beginning."""
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
    return _UUID.sub(lambda found: found[0][:8], str(value))
