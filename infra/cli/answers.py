"""Answers of reading commands: rows, with how fresh they are, as a table or as JSON."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import msgspec
import typer

from consumers.questions.rows import freshness
from infra.cli.tables import print_json, table
from infra.deployment import Deployment
from projections import discover


def print_rows(
    deployment: Deployment,
    question: str,
    rows: Sequence[Any],
    as_json: bool,
    views: Collection[str] | None = None,
    **parts: object,
) -> None:
    """Print rows that come from some views, None: from all; `parts` are added to the JSON."""
    if as_json:
        print_answer(deployment, rows, parts, views)
    else:
        table(question, rows)
        print_freshness(deployment, views)


def print_answer(
    deployment: Deployment,
    rows: Sequence[Any],
    parts: Mapping[str, object],
    views: Collection[str] | None,
) -> None:
    """Print rows, further parts, and the views' position, lag and parked events as JSON."""
    fresh = freshness(views or discover(), deployment.views, deployment.progress)
    print_json({"rows": rows, **parts, **msgspec.to_builtins(fresh)})


def print_freshness(deployment: Deployment, views: Collection[str] | None) -> None:
    """Print how far the views are behind, and which of them show another version than ours."""
    names = views or discover()
    fresh = freshness(names, deployment.views, deployment.progress)
    parked = f"; {fresh.parked} parked: see `ordermade parked`" if fresh.parked else ""
    typer.echo(
        f"Position {fresh.position}; {fresh.lag.events} events, {fresh.lag.seconds:.1f} s "
        f"behind{parked}."
    )
    live = deployment.views.live()
    for name in names:
        if live[name] != (group := discover()[name].group):
            typer.echo(
                f"{name} is shown as {live[name]}, and this release makes {group}: "
                f"`ordermade rebuild {name}` compares them."
            )
