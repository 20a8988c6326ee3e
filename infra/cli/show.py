"""`ordermade show`: a view in figures and rows, the rows of a key, or its rows as they were."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from infra.cli.terminal import Json, open_deployment
from infra.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from consumers.questions.story import Story, StoryNode
    from infra.deployment import Deployment
    from projections.view import AnyProjection, Row

ON_A_PAGE, IN_JSON = 20, 1_000
"""Rows that are shown without `--limit`; a story in a table has as many as in JSON."""
_STORY_COLUMNS = ("subject", "time", "actor", "channel", "reason", "position")


def show(
    view: Annotated[str, typer.Argument(help="profile, backlog, prices, quality, audit, …")],
    key: Annotated[
        str | None, typer.Argument(help="A key; a customer also as namespace:id.")
    ] = None,
    as_of: Annotated[
        str | None, typer.Option(help="By what had been recorded at that time.")
    ] = None,
    valid_at: Annotated[
        str | None,
        typer.Option(help="By what had happened at that time, also if it was recorded later."),
    ] = None,
    limit: Annotated[
        int | None, typer.Option(min=1, help="How many rows: 20 on a page, 1000 in JSON.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Show a view: figures, rows, one key.

    Without a key its figures and first rows; with one the rows of that order, customer or design,
    personal fields opened. `show audit order/7` tells a story: each event below its cause.
    """
    with open_deployment() as deployment:
        if as_of or valid_at:
            _show_past(deployment, view, key, as_of, valid_at, as_json)
        elif key is None:
            show_view(deployment, view, limit or (IN_JSON if as_json else ON_A_PAGE), as_json)
        else:
            show_key(deployment, view, key, limit, as_json)


def show_view(deployment: Deployment, view: str, limit: int, as_json: bool = False) -> None:
    """Print the figures of a view, and its first rows."""
    from datetime import UTC, datetime

    import msgspec

    from consumers.questions.figures import view_figures
    from consumers.questions.rows import find_view
    from infra.cli.answers import print_answer
    from infra.cli.tables import listing, print_figures

    projection = find_view(view)
    rows = deployment.views.select(projection, {}, limit + 1)
    more = len(rows) > limit
    rows = rows[:limit]
    figures = view_figures(view, deployment.views, deployment.books, datetime.now(UTC))
    if as_json:
        parts = {"more": more, "figures": msgspec.to_builtins(figures)}
        print_answer(deployment, rows, parts, [view])
        return
    if figures is not None:
        print_figures(figures, limit)
    listing(projection.answers, [_presented(row) for row in rows])
    _print_end(deployment, view, more)


def show_story(deployment: Deployment, key: str, limit: int, as_json: bool = False) -> None:
    """Print the story of a subject, such as order/7."""
    import msgspec

    from consumers.questions.story import tell_story
    from infra.cli.answers import print_answer

    story = tell_story(key, deployment.views, limit)
    if not story.rows:
        _refuse_unknown_customer(key)
    if as_json:
        parts: dict[str, Any] = msgspec.to_builtins(story)
        rows = parts.pop("rows")
        print_answer(deployment, rows, parts, ["audit"])
        return
    _print_story(story)
    _print_end(deployment, "audit", story.more)


def show_key(
    deployment: Deployment, view: str, key: str, limit: int | None = None, as_json: bool = False
) -> None:
    """Print the rows of a key; of `audit`, while this release's version is shown, its story."""
    from consumers.questions.rows import find_view, key_filter, resolve_key
    from infra.cli.answers import print_answer
    from infra.cli.tables import detail, listing

    projection = find_view(view)
    key = resolve_key(key, deployment.owners(deployment.reader_pool))
    if view == "audit" and deployment.views.live()[view] == projection.group:
        show_story(deployment, key, limit or IN_JSON, as_json)
        return
    limit = limit or (IN_JSON if as_json else ON_A_PAGE)
    rows = deployment.views.select(projection, key_filter(projection, key), limit + 1)
    more = len(rows) > limit
    rows = rows[:limit]
    if not rows:
        _refuse_unknown_customer(key)
    if as_json:
        print_answer(deployment, rows, {"more": more}, [view])
        return
    if len(rows) == 1:
        detail(projection.answers, _presented(rows[0]))
    else:
        listing(projection.answers, [_presented(row) for row in rows])
    _print_end(deployment, view, more)


def _show_past(
    deployment: Deployment,
    view: str,
    key: str | None,
    as_of: str | None,
    valid_at: str | None,
    as_json: bool,
) -> None:
    from consumers.questions.past import rows_as_of
    from consumers.questions.rows import find_view
    from domain.errors import NotFound

    elsewhere = f"`ordermade rebuild {view} --to TIME` shows all rows as they were"
    if key is None:
        raise UserError(f"name a key, whose owner's events are folded again; {elsewhere}")
    deployment.complete_log()
    try:
        rows = rows_as_of(
            view,
            key,
            as_of=parse_time(as_of, "--as-of") if as_of else None,
            valid_at=parse_time(valid_at, "--valid-at") if valid_at else None,
            log=deployment.log,
            views=deployment.views,
            store=deployment.store,
            owners=deployment.owners(deployment.reader_pool),
        )
    except NotFound as refusal:
        raise UserError(f"{refusal}; {elsewhere}") from None
    print_past_rows(deployment, find_view(view), rows, as_json)


def print_past_rows(
    deployment: Deployment, projection: AnyProjection, rows: Sequence[Row], as_json: bool
) -> None:
    """Print rows as they were at a time."""
    from infra.cli.answers import print_rows

    print_rows(deployment, projection.answers, rows, as_json, [projection.name])


def parse_time(text: str, option: str) -> datetime:
    """Return the time that an option names. Raises UserError."""
    from datetime import datetime

    from pydantic import TypeAdapter, ValidationError

    from domain.values import Time

    try:
        return TypeAdapter[datetime](Time).validate_python(text)
    except ValidationError as error:
        message = error.errors()[0]["msg"].removeprefix("Value error, ")
        raise UserError(f"{option}: {message}") from None


def _refuse_unknown_customer(key: str) -> None:
    if ":" in key:
        raise UserError(f"no customer is named {key}: check the namespace and the id")


def _presented(row: Row) -> dict[str, Any]:
    """A row for a table; in a profile each belief has its value and whether it is believed."""
    from datetime import UTC, datetime

    from domain.personal import readable
    from infra.cli.tables import plain
    from projections.beliefs import believed
    from projections.profile import ProfileRow, beliefs_with_values

    presented: dict[str, Any] = plain(row)
    if isinstance(row, ProfileRow):
        best = believed(row.beliefs, datetime.now(UTC))
        beliefs = [(belief, readable(value)) for belief, value in beliefs_with_values(row)]
        presented["believed"] = "\n".join(
            f"{b.attribute} {value}" for b, value in beliefs if best.get(b.attribute) is b
        )
        presented["beliefs"] = [
            {
                "attribute": b.attribute,
                "value": value,
                "believed": best.get(b.attribute) is b,
                **plain(b),
            }
            for b, value in beliefs
        ]
        del presented["values"], presented["vetoed"]
    return presented


def _print_story(story: Story) -> None:
    from infra.cli.tables import plain, table

    rows = [
        {
            "what": "   " * depth + ("└ " if depth else "") + _verb(node),
            "id": node.id,
            **{name: plain(getattr(node, name)) for name in _STORY_COLUMNS},
            "unexpected": " ".join(node.unexpected),
        }
        for depth, node in _shown_nodes(story.tree)
    ]
    table("What happened, and what caused it?", rows)
    if story.choices:
        table("What is chosen, and may it still be changed?", story.choices)


def _shown_nodes(tree: Sequence[StoryNode]) -> list[tuple[int, StoryNode]]:
    """The nodes with their depths, without commands that had one effect: that one tells enough."""
    shown: list[tuple[int, StoryNode]] = []
    left_out: list[int] = []  # depths of the nodes above that are not shown
    for n, node in enumerate(tree):
        left_out = [depth for depth in left_out if depth < node.depth]
        below = [each.depth for each in tree[n + 1 :]]
        end = next((i for i, depth in enumerate(below) if depth <= node.depth), len(below))
        if node.type is None and below[:end].count(node.depth + 1) == 1:
            left_out.append(node.depth)
        else:
            shown.append((node.depth - len(left_out), node))
    return shown


def _verb(node: StoryNode) -> str:
    """The verb of the event's type: `order.quote-issued.v1` is shown as "quote issued"."""
    if node.type is None:
        return "command"
    return node.type.partition(".")[2].rpartition(".")[0].replace("-", " ")


def _print_end(deployment: Deployment, view: str, more: bool) -> None:
    from infra.cli.answers import print_freshness

    if more:
        typer.echo("… and more: `--limit N` shows them.")
    print_freshness(deployment, [view])
