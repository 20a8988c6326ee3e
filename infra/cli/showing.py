"""Answers: views in figures and rows, lags and what waits, as tables or as JSON."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec
import psycopg
import typer
from psycopg.rows import dict_row

from consumers.questions.figures import view_figures
from consumers.questions.instructions import waiting_instructions
from consumers.questions.lag import group_lags
from consumers.questions.parked import list_parked
from consumers.questions.rows import Freshness, find_view, freshness, key_filter, resolve_key
from consumers.questions.story import tell_story
from domain.errors import NotFound, Refusal
from domain.personal import readable
from infra.cli import tables
from infra.cli.story import print_story
from infra.cli.tables import TableRow, detail, listing, plain, table
from infra.deployment import Deployment
from infra.errors import UserError
from projections import discover
from projections.beliefs import believed
from projections.profile import ProfileRow, beliefs_with_values
from projections.view import AnyProjection, Row

ON_A_PAGE, IN_JSON = 20, 1_000
"""Rows that are shown unless told otherwise; a story is shown whole, as far as JSON goes."""


def show_view(
    deployment: Deployment, name: str, key: str | None, as_json: bool, limit: int | None = None
) -> None:
    """Print a view: its figures and first rows, or the rows of a key; a story for `audit KEY`."""
    projection = find_view(name)
    if key is None:
        _show_all(deployment, projection, as_json, limit or (IN_JSON if as_json else ON_A_PAGE))
        return
    key = resolve_key(key, deployment.owners(deployment.reader_pool))
    if name == "audit" and deployment.views.live()[name] == projection.group:
        _show_story(deployment, projection, key, as_json, limit or IN_JSON)
    else:
        most = limit or (IN_JSON if as_json else ON_A_PAGE)
        _show_key(deployment, projection, key, as_json, most)


def _show_all(deployment: Deployment, projection: AnyProjection, as_json: bool, limit: int) -> None:
    rows, more = _first(deployment.views.select(projection, {}, limit + 1), limit)
    figures = view_figures(projection.name, deployment.views, deployment.books, datetime.now(UTC))
    if as_json:
        parts = {"more": more, "figures": msgspec.to_builtins(figures)}
        answer(deployment, projection.answers, msgspec.to_builtins(rows), [projection], True, parts)
        return
    if figures is not None:
        tables.figures(figures, limit)
    listing(projection.answers, [_presented(row) for row in rows])
    _end(deployment, projection, more)


def _show_key(
    deployment: Deployment, projection: AnyProjection, key: str, as_json: bool, limit: int
) -> None:
    found = deployment.views.select(projection, key_filter(projection, key), limit + 1)
    if ":" in key and not found:
        raise NotFound(f"no customer is named {key}: check the namespace and the id", "key")
    rows, more = _first(found, limit)
    if as_json:
        parts = {"more": more}
        answer(deployment, projection.answers, msgspec.to_builtins(rows), [projection], True, parts)
        return
    if len(rows) == 1:
        detail(projection.answers, _presented(rows[0]))
    else:
        listing(projection.answers, [_presented(row) for row in rows])
    _end(deployment, projection, more)


def _show_story(
    deployment: Deployment, projection: AnyProjection, key: str, as_json: bool, limit: int
) -> None:
    story = tell_story(key, deployment.views, limit)
    if ":" in key and not story.rows:
        raise NotFound(f"no customer is named {key}: check the namespace and the id", "key")
    if as_json:
        parts = msgspec.to_builtins(story)
        rows = parts.pop("rows")
        answer(deployment, projection.answers, rows, [projection], True, parts)
        return
    print_story(story)
    _end(deployment, projection, story.more)


def _first(rows: list[Row], limit: int) -> tuple[list[Row], bool]:
    """Up to `limit` rows, and whether there are more."""
    return rows[:limit], len(rows) > limit


def _end(deployment: Deployment, projection: AnyProjection, more: bool) -> None:
    if more:
        typer.echo("… and more: `--limit N` shows them.")
    typer.echo(_foot(deployment, [projection]))


def _presented(row: Row) -> TableRow:
    """A row for people; in a profile each belief has its value and what is thought of it."""
    told: dict[str, Any] = plain(row)
    if isinstance(row, ProfileRow):
        best = believed(row.beliefs, datetime.now(UTC))
        held = [(b, readable(value)) for b, value in beliefs_with_values(row)]
        told["believed"] = "\n".join(
            f"{b.attribute} {value}" for b, value in held if best.get(b.attribute) is b
        )
        told["beliefs"] = [
            {"attribute": b.attribute, "value": value, "believed": best.get(b.attribute) is b,
             **plain(b)}
            for b, value in held
        ]  # fmt: skip
        del told["values"], told["vetoed"]
    return told


def answer(
    deployment: Deployment,
    sentence: str,
    rows: Sequence[TableRow],
    views: Collection[AnyProjection],
    as_json: bool,
    parts: Mapping[str, Any] | None = None,
) -> None:
    """Rows, and how far the views that they come from are: position, lag, and what waits."""
    if as_json:
        told = {"rows": rows, **(parts or {}), **msgspec.to_builtins(_freshness(deployment, views))}
        typer.echo(json.dumps(told, default=str))
    else:
        table(sentence, rows)
        typer.echo(_foot(deployment, views))


def _freshness(deployment: Deployment, views: Collection[AnyProjection]) -> Freshness:
    names = [view.name for view in views]
    return freshness(names, deployment.views, deployment.progress)


def _foot(deployment: Deployment, views: Collection[AnyProjection]) -> str:
    fresh, live = _freshness(deployment, views), deployment.views.live()
    waiting = f"; {fresh.parked} parked: see `ordermade parked`" if fresh.parked else ""
    others = [
        f"\n{view.name} is shown as {live[view.name]}, and this release makes {view.group}: "
        f"`ordermade rebuild {view.name}` compares them."
        for view in views
        if live[view.name] != view.group
    ]
    return (
        f"Position {fresh.position}; {fresh.lag.events} events, "
        f"{fresh.lag.seconds:.1f} s behind{waiting}." + "".join(others)
    )


def show_lag(deployment: Deployment, as_json: bool) -> None:
    in_kafka = deployment.settings.kafka is not None
    lags = group_lags(
        deployment.views,
        deployment.progress,
        deployment.log if in_kafka else None,
        deployment.inbox_lags() if in_kafka else (),
    )
    question = "How far is each group behind the store?"
    answer(deployment, question, msgspec.to_builtins(lags), discover().values(), as_json)


def show_parked(deployment: Deployment, as_json: bool) -> None:
    rows = msgspec.to_builtins(list_parked(deployment.views))
    answer(deployment, "Which events wait, and why?", rows, discover().values(), as_json)


def show_held(deployment: Deployment, as_json: bool) -> None:
    rows = [
        {"id": w.id, "subject": w.subject, "type": w.type, "received": w.received.isoformat()}
        for w in deployment.held_report_store.find()
    ]
    answer(deployment, "Which reports wait for their order?", rows, discover().values(), as_json)


def release_held(deployment: Deployment, id: str, customer: str | None) -> None:
    try:
        report_id = UUID(id)
    except ValueError:
        raise UserError(f"{id} is not an id: `ordermade held` lists them") from None
    answer = deployment.held_reports.release_by_hand(report_id, customer)
    if isinstance(answer, Refusal):
        raise answer
    typer.echo(f"Stored at {answer.positions[0]}.")


def show_waiting(deployment: Deployment, as_json: bool) -> None:
    waiting = waiting_instructions(deployment.views, IN_JSON)
    answer(
        deployment,
        "Which instructions wait for a person to interpret them?",
        msgspec.to_builtins(waiting.rows),
        [find_view("demand")],
        as_json,
        {"more": waiting.more},
    )


def ask(deployment: Deployment, query: str, as_json: bool) -> None:
    """Prints what the schema `view` answers, to an analyst who can read nothing else."""
    answer(deployment, query, _asked(deployment, query), discover().values(), as_json)


def _asked(deployment: Deployment, query: str) -> list[TableRow]:
    with deployment.pool("analyst") as pool, pool.connection() as db:
        try:
            cursor = db.cursor(row_factory=dict_row).execute(query.encode())
            return list(cursor.fetchall()) if cursor.description else []
        except psycopg.errors.InsufficientPrivilege:
            raise UserError("only the schema `view` can be read, and nothing written") from None
        except psycopg.OperationalError:
            raise
        except psycopg.Error as error:
            raise UserError(f"the query fails: {error.diag.message_primary}") from None
