"""Answers: views in figures and rows, lags and what waits, as tables or as JSON."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, cast
from uuid import UUID

import msgspec
import psycopg
import typer
from psycopg.rows import dict_row

from domain.errors import Refusal
from domain.order.state import Answer
from domain.personal import readable
from infra.cli import story, tables
from infra.cli.tables import TableRow, detail, listing, plain, table
from infra.deployment import Deployment
from infra.errors import UserError
from infra.postgres.views.reader import key_filter
from projections import discover
from projections.audit import AuditRow
from projections.beliefs import believed
from projections.demand import DemandRow, worded
from projections.profile import ProfileRow, valued
from projections.view import AnyProjection, Row

ON_A_PAGE, IN_JSON = 20, 1_000
"""Rows that are shown unless told otherwise; a story is shown whole, as far as JSON goes."""


def show_view(
    deployment: Deployment, name: str, key: str | None, as_json: bool, limit: int | None = None
) -> None:
    """Prints a view in figures with its first rows, or the rows that a key leads to."""
    projection = view_of(name)
    told = bool(key) and name == "audit" and deployment.views.live()[name] == projection.group
    most = limit or (IN_JSON if as_json or told else ON_A_PAGE)
    where = key_filter(projection, resolved(deployment, key)) if key else {}
    found = deployment.views.select(projection, where, most + 1)
    rows, more = found[:most], len(found) > most
    made = None if key else deployment.figures(name)
    nodes = story.story(deployment, cast(list[AuditRow], rows), most) if told else []
    chosen = story.choices(deployment, key) if told and key else []
    if as_json:
        parts: dict[str, Any] = {"more": more}
        parts |= (
            {"tree": nodes, "choices": chosen}
            if told
            else {}
            if key
            else {"figures": msgspec.to_builtins(made)}
        )
        answer(deployment, projection.answers, msgspec.to_builtins(rows), [projection], True, parts)
        return
    if made is not None:
        tables.figures(made, most)
    if told:
        story.tell(nodes, chosen)
    elif key and len(rows) == 1:
        detail(projection.answers, _presented(rows[0]))
    else:
        listing(projection.answers, [_presented(row) for row in rows])
    if more:
        typer.echo("… and more: `--limit N` shows them.")
    typer.echo(_foot(deployment, [projection]))


def view_of(name: str) -> AnyProjection:
    projection = discover().get(name)
    if projection is None:
        raise UserError(f"there is no view {name}: the views are {', '.join(sorted(discover()))}")
    return projection


def resolved(deployment: Deployment, key: str) -> str:
    """A key in which a customer may be named `namespace:id`, by our id."""
    known = deployment.resolve_key(key)
    if ":" in known:
        raise UserError(f"nobody is known as {key}: check the namespace and the id")
    return known


def _presented(row: Row) -> TableRow:
    """A row for people; in a profile each belief has its value and what is thought of it."""
    told: dict[str, Any] = plain(row)
    if isinstance(row, ProfileRow):
        best = believed(row.beliefs, datetime.now(UTC))
        held = [(b, readable(value)) for b, value in valued(row)]
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
        told = {"rows": rows, **(parts or {}), **_state(deployment, views)}
        typer.echo(json.dumps(told, default=str))
    else:
        table(sentence, rows)
        typer.echo(_foot(deployment, views))


def _state(deployment: Deployment, views: Collection[AnyProjection]) -> dict[str, Any]:
    live = deployment.views.live()
    groups = [live[view.name] for view in views]
    lags = deployment.progress.lags(groups)
    events, seconds = sum(lag.events for lag in lags), max(lag.seconds for lag in lags)
    return {
        "position": str(deployment.progress.position(lags)),
        "lag": {"events": events, "seconds": seconds},
        "parked": sum(len(deployment.views.parked_events(group)) for group in groups),
    }


def _foot(deployment: Deployment, views: Collection[AnyProjection]) -> str:
    state, live = _state(deployment, views), deployment.views.live()
    parked, lag = state["parked"], state["lag"]
    waiting = f"; {parked} parked: see `ordermade parked`" if parked else ""
    others = [
        f"\n{view.name} is shown as {live[view.name]}, and this release makes {view.group}: "
        f"`ordermade rebuild {view.name}` compares them."
        for view in views
        if live[view.name] != view.group
    ]
    return (
        f"Position {state['position']}; {lag['events']} events, "
        f"{lag['seconds']:.1f} s behind{waiting}." + "".join(others)
    )


def show_lag(deployment: Deployment, as_json: bool) -> None:
    names = {group: name for name, group in deployment.views.live().items() if name in discover()}
    relayed = deployment.progress.relay(deployment.log.heads()) if deployment.settings.kafka else []
    taken = deployment.inbox_lags() if deployment.settings.kafka else []
    rows = [
        {"view": names.get(lag.group), **msgspec.to_builtins(lag)}
        for lag in [*taken, *relayed, *deployment.progress.lags(names)]
    ]
    answer(
        deployment, "How far is each group behind the store?", rows, discover().values(), as_json
    )


def show_parked(deployment: Deployment, as_json: bool) -> None:
    rows = [
        {"view": name, "number": e.number, "key": e.key, "owner": e.owner, "reason": e.reason}
        for name, group in deployment.views.live().items()
        for e in deployment.views.parked_events(group)
    ]
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
    """Instructions that nobody understood well enough; the guess of whoever tried stands beside."""
    projection = discover()["demand"]
    found = deployment.views.select(projection, {"waits_for": ["person"]}, IN_JSON + 1)
    rows = [
        {
            "order": row.order_id, "instruction": wish.instruction_id, "line": wish.line_id,
            "given": wish.given.isoformat(), "text": text, "confidence": wish.confidence,
            "guess": [o for m in wish.meanings or () for o in m.operations],
        }
        for row in cast(list[DemandRow], found[:IN_JSON])
        for wish, text in worded(row)
        if wish.answer in (Answer.GIVEN, Answer.UNSURE)
    ]  # fmt: skip
    answer(
        deployment,
        "Which instructions wait for a person to say what they mean?",
        rows,
        [projection],
        as_json,
        {"more": len(found) > IN_JSON},
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
