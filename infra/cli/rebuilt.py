"""Views made again, looked at as they were, and the events that wait for them."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
import typer
from pydantic import TypeAdapter, ValidationError
from rich.console import Console
from rich.progress import Progress

from consumers.movers.rebuild import RebuildResult, fold_until, rebuild
from consumers.questions.parked import drop_parked, retry_parked
from consumers.questions.past import rows_as_of, sorted_rows
from consumers.questions.rows import find_view
from domain.errors import NotFound
from domain.values import Time
from infra.cli.showing import answer
from infra.cli.tables import table
from infra.cli.terminal import update_views
from infra.deployment import Deployment
from infra.errors import UserError
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
    """Print the rows of a key by what was known, or had happened, at a time."""
    elsewhere = f"`ordermade rebuild {name} --to TIME` shows all rows as they were"
    if key is None:
        raise UserError(f"name a key, whose owner's events are folded again; {elsewhere}")
    deployment.complete_log()
    try:
        rows = rows_as_of(
            name,
            key,
            as_of=time_of(as_of, "--as-of") if as_of else None,
            valid_at=time_of(valid_at, "--valid-at") if valid_at else None,
            log=deployment.log,
            views=deployment.views,
            store=deployment.store,
            owners=deployment.owners(deployment.reader_pool),
        )
    except NotFound as refusal:
        raise UserError(f"{refusal}; {elsewhere}") from None
    _answer(deployment, find_view(name), rows, as_json)


def rows_until(deployment: Deployment, name: str, to: str, as_json: bool) -> None:
    """Print all rows of a view as they were by what had been recorded at a time."""
    projection = find_view(name)
    deployment.complete_log()
    goal = deployment.log.at(time_of(to, "--to"))
    with Progress(console=Console(stderr=True)) as progress:
        task = progress.add_task(f"folding {name}", total=sum(goal.values()))
        rows = fold_until(
            projection, deployment.log, goal, lambda events: progress.advance(task, events)
        )
    _answer(deployment, projection, sorted_rows(projection, rows), as_json)


def _answer(
    deployment: Deployment, projection: AnyProjection, rows: list[Row], as_json: bool
) -> None:
    answer(deployment, projection.answers, msgspec.to_builtins(rows), [projection], as_json)


def rebuild_views(deployment: Deployment, name: str, accept: bool) -> bool:
    """Rebuilds a view, or `all`; says what came of each, and whether all are shown."""
    projections = list(discover().values()) if name == "all" else [find_view(name)]
    deployment.complete_log()
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
    result = retry_parked(
        name,
        key,
        deployment.log,
        deployment.writable_views,
        deployment.owners(deployment.reader_pool),
        dry_run=dry_run,
    )
    table(
        "What would the parked events change?" if dry_run else "What did they change?",
        msgspec.to_builtins(result.rows),
    )
    table("Which events are still parked?", msgspec.to_builtins(result.parked))


def drop(
    deployment: Deployment, name: str, key: str, numbers: list[int], actor: str | None
) -> None:
    dropped = drop_parked(
        name,
        key,
        numbers,
        deployment.log,
        deployment.writable_views,
        deployment.store,
        deployment.owners(deployment.reader_pool),
        now=datetime.now(UTC),
        actor=actor,
    )
    update_views(deployment)
    for appended in dropped:
        typer.echo(f"dropped at {', '.join(map(str, appended.positions))}")
