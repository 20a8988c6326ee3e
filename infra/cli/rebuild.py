"""`ordermade rebuild`: views folded again from the log."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from infra.cli.terminal import Json, open_deployment, update_views

if TYPE_CHECKING:
    from consumers.movers.rebuild import RebuildResult
    from infra.deployment import Deployment


def rebuild(
    view: Annotated[str, typer.Argument(help="A view, or all.")],
    accept: Annotated[
        bool, typer.Option("--accept", help="Show the rows of a new version.")
    ] = False,
    to: Annotated[
        str | None, typer.Option(help="Print the rows as known at that time; change nothing.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Rebuild a view from the log.

    The new rows are shown if they do not differ from the old ones of the same version; those of a
    new version if `--accept` is given. Exits with 1 if rows of the same version differ.
    """
    with open_deployment() as deployment:
        if to:
            _print_rows_at(deployment, view, to, as_json)
        elif not _rebuild(deployment, view, accept, as_json):
            raise typer.Exit(1)


def _print_rows_at(deployment: Deployment, view: str, to: str, as_json: bool) -> None:
    """Print all rows of a view by what had been recorded at a time."""
    from consumers.movers.rebuild import fold_until
    from consumers.questions.past import sorted_rows
    from consumers.questions.rows import find_view
    from infra.cli.show import parse_time, print_past_rows
    from infra.cli.tables import progress_bar

    projection = find_view(view)
    deployment.complete_log()
    goal = deployment.log.at(parse_time(to, "--to"))
    with progress_bar() as bar:
        task = bar.add_task(f"folding {view}", total=sum(goal.values()))
        rows = fold_until(projection, deployment.log, goal, lambda n: bar.advance(task, n))
    print_past_rows(deployment, projection, sorted_rows(projection, rows), as_json)


def _rebuild(deployment: Deployment, view: str, accept: bool, as_json: bool) -> bool:
    """Rebuild a view or `all`, and print what came of each; False if rows differ that may not."""
    import msgspec

    from consumers.movers import rebuild as rebuilding
    from consumers.questions.rows import find_view
    from infra.cli.tables import print_json, progress_bar
    from projections import discover

    projections = list(discover().values()) if view == "all" else [find_view(view)]
    results = []
    deployment.complete_log()
    with progress_bar() as bar:
        total = sum(deployment.log.heads().values())
        task = bar.add_task(f"rebuilding {view}", total=total)

        def on_wait(reason: str) -> None:
            bar.update(task, description=f"{reason}; trying again")

        with deployment.builds(projections, on_wait) as builds:
            for result in rebuilding.rebuild(
                deployment.log, builds, accept=accept, on_progress=lambda n: bar.advance(task, n)
            ):
                results.append(result)
                if not as_json:
                    typer.echo(_sentence(result))
    if as_json:
        print_json({"rows": msgspec.to_builtins(results)})
    update_views(deployment)
    return all(result.switched or not result.same_version for result in results)


def _sentence(result: RebuildResult) -> str:
    """What came of a rebuild, and what to do next."""
    view, difference = result.view, result.difference
    text = f"{view}: {difference.before} rows before, {difference.after} after, "
    text += f"{difference.count} differ"
    if difference.count:
        more = ", …" if difference.count > len(difference.keys) else ""
        text += f" ({', '.join(difference.keys)}{more})"
    if result.switched:
        return f"{text}. The new rows are shown now."
    if result.same_version:
        return (
            f"{text}, at the same positions and in the same version: nothing was switched. "
            f"Fold parked events again (`ordermade parked retry {view}`), or give a changed fold "
            "a new version"
        )
    return f"{text}. `ordermade rebuild {view} --accept` shows the new version."
