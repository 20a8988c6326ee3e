"""Views made again, looked at as they were, and the events that wait for them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec
import typer
from pydantic import TypeAdapter, ValidationError
from rich.console import Console
from rich.progress import Progress

from consumers.movers import parked
from consumers.movers.past import past_rows
from consumers.movers.rebuild import RebuildResult, fold_until, rebuild
from domain.event import TYPES
from domain.subject import CUSTOMER, Subject, without_kind
from domain.values import Time
from infra.cli.showing import answer, resolved, view_of
from infra.cli.tables import table
from infra.cli.terminal import update_views
from infra.deployment import Deployment
from infra.errors import UserError
from infra.postgres.views.reader import Filter, key_filter
from projections import discover
from projections.view import AnyProjection, Row

_time = TypeAdapter[datetime](Time)


def time_of(text: str, option: str) -> datetime:
    try:
        return _time.validate_python(text)
    except ValidationError as error:
        words = error.errors()[0]["msg"].removeprefix("Value error, ")
        raise UserError(f"{option}: {words}") from None


def show_past(
    deployment: Deployment,
    name: str,
    key: str | None,
    as_of: str | None,
    valid_at: str | None,
    as_json: bool,
) -> None:
    """Prints the rows that a key led to, by what was known or had happened then."""
    projection = view_of(name)
    known = time_of(as_of, "--as-of") if as_of else None
    valid = time_of(valid_at, "--valid-at") if valid_at else None
    wanted = key and resolved(deployment, key)
    where = key_filter(projection, wanted) if wanted else {}
    owners = _owners(deployment, projection, wanted, where) if wanted else set()
    if len(owners) != 1:
        raise UserError(
            f"{key or 'no key'} does not lead to one owner, whose events would tell: "
            f"`ordermade rebuild {name} --to TIME` shows all rows as they were"
        )
    rows = past_rows(projection, deployment.log, owners.pop(), as_of=known, valid_at=valid)
    found = [(k, row) for k, row in rows if any(str(_field(k, row, c)) in where[c] for c in where)]
    _answer(deployment, projection, found, as_json)


def _owners(deployment: Deployment, projection: AnyProjection, key: str, where: Filter) -> set[str]:
    """Whom a key leads to: by its rows, else as the name of a stream, or of an owner."""
    if found := deployment.views.owners(projection, where):
        return found
    nouns = {name.partition(".")[0] for name in TYPES}
    streams = deployment.store.owners([key, *(str(Subject(noun, key)) for noun in nouns)])
    owner = without_kind(key, CUSTOMER)
    return set(streams.values()) or set(
        deployment.owners(deployment.pool("reader")).purposes([owner])
    )


def rows_until(deployment: Deployment, name: str, to: str, as_json: bool) -> None:
    """Prints all rows of a view as they were by what had been recorded then."""
    projection = view_of(name)
    goal = deployment.log.at(time_of(to, "--to"))
    with Progress(console=Console(stderr=True)) as progress:
        task = progress.add_task(f"folding {name}", total=sum(goal.values()))
        rows = fold_until(
            projection, deployment.log, goal, lambda events: progress.advance(task, events)
        )
    _answer(deployment, projection, rows, as_json)


def _answer(
    deployment: Deployment, projection: AnyProjection, rows: list[tuple[str, Row]], as_json: bool
) -> None:
    def place(found: tuple[str, Row]) -> tuple[bool, Any]:
        value = _field(*found, projection.sort_by)
        return value is None, value  # as the database does: what has no value is last

    ordered = sorted(rows, key=place)
    told = [msgspec.to_builtins(row) for _, row in ordered]
    answer(deployment, projection.answers, told, [projection], as_json)


def _field(key: str, row: Row, name: str) -> Any:
    return key if name == "key" else getattr(row, name)


def rebuild_views(deployment: Deployment, name: str, accept: bool) -> bool:
    """Rebuilds a view, or `all`; says what came of each, and whether all are shown."""
    projections = list(discover().values()) if name == "all" else [view_of(name)]
    with Progress(console=Console(stderr=True)) as progress:
        task = progress.add_task(f"rebuilding {name}", total=sum(deployment.log.heads().values()))

        def waits(why: str) -> None:
            progress.update(task, description=f"{why}; trying again")

        def read(events: int) -> None:
            progress.advance(task, events)

        fine = True
        with deployment.builds(projections, waits) as builds:
            for done in rebuild(deployment.log, builds, accept=accept, told=read):
                sentence, wanted = _told(done)
                typer.echo(sentence)
                fine = fine and wanted
    update_views(deployment)
    return fine


def _told(done: RebuildResult) -> tuple[str, bool]:
    """What came of a rebuild, and whether it is what was asked."""
    view, found = done.view, done.difference
    counted = f"{view}: {found.before} rows before, {found.after} after, {found.count} differ"
    keys = f" ({', '.join(found.keys)}{', …' if found.count > len(found.keys) else ''})"
    counted += keys if found.count else ""
    if done.switched:
        return f"{counted}. The new rows are shown now.", True
    if done.same_version:
        return (
            f"{counted}, at the same positions and in the same version: nothing was switched. "
            f"Send on what waits (`ordermade parked retry {view}`), or give a changed fold a new "
            "version",
            False,
        )
    return f"{counted}. `ordermade rebuild {view} --accept` shows the new version.", True


def retry(deployment: Deployment, name: str, key: str | None, dry_run: bool) -> None:
    projection = view_of(name)
    wanted = key and resolved(deployment, key)
    done = parked.retry(
        projection, deployment.log, deployment.writable_views, wanted, dry_run=dry_run
    )
    rows = [
        {"key": key, "field": field, "before": before, "after": after}
        for key in sorted(done.after)
        for field, before, after in _changes(done.before.get(key), done.after[key])
    ]
    table("What the events that wait would change" if dry_run else "What they changed", rows)
    table("What waits still", [{"number": p.number, "key": p.key, "reason": p.reason}
                               for p in done.parked])  # fmt: skip


def _changes(before: Row | None, after: Row | None) -> list[tuple[str, Any, Any]]:
    old = msgspec.to_builtins(before) if before else {}
    new = msgspec.to_builtins(after) if after else {}
    both = {**old, **new}
    return [(f, old.get(f), new.get(f)) for f in both if old.get(f) != new.get(f)]


def drop(
    deployment: Deployment, name: str, key: str, numbers: list[int], actor: str | None
) -> None:
    done = parked.drop(
        view_of(name),
        deployment.log,
        deployment.writable_views,
        deployment.store,
        resolved(deployment, key),
        numbers,
        now=datetime.now(UTC),
        actor=actor,
    )
    update_views(deployment)
    for dropped in done:
        typer.echo(f"dropped at {', '.join(map(str, dropped.positions))}")
