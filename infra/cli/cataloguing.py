"""`ordermade catalogue`: books are written as files, approved by somebody else, and published."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from infra.cli.deciding import CommandId, Reason
from infra.cli.terminal import Actor, Json, open_deployment

catalogue = typer.Typer(no_args_is_help=True)

File = Annotated[Path, typer.Argument(help="A catalogue in YAML.")]
Book = Annotated[
    str, typer.Argument(metavar="BOOK[@VERSION]", help="Without a version the latest, drafts too.")
]
Side = Annotated[str, typer.Argument(help="BOOK[@VERSION], or a file.")]


@catalogue.command()
def check(file: File, as_json: Json = False) -> None:
    """Tell all that is wrong with a file, each with its line."""
    from infra.cli.books import check_file

    if check_file(file, as_json):
        raise typer.Exit(1)


@catalogue.command()
def diff(old: Side, new: Side, as_json: Json = False) -> None:
    """Show in what two versions differ, or a file from one."""
    from infra.cli.books import show_difference

    with open_deployment() as deployment:
        show_difference(deployment, old, new, as_json)


@catalogue.command()
def draft(file: File, actor: Actor = None, id: CommandId = None, as_json: Json = False) -> None:
    """Record a file as the next version of its book."""
    from infra.cli.books import draft_file

    draft_file(file, actor, id, as_json)


@catalogue.command()
def approve(book: Book, actor: Actor = None, id: CommandId = None, as_json: Json = False) -> None:
    """Approve a version that somebody else has drafted."""
    from infra.cli.books import tell_version

    tell_version(book, "approve", {}, id, actor, as_json)


@catalogue.command()
def publish(
    book: Side,
    effective_from: Annotated[
        str | None, typer.Option("--from", help="When it begins; at once if left out.")
    ] = None,
    actor: Actor = None,
    id: CommandId = None,
    as_json: Json = False,
) -> None:
    """Publish an approved version (a file: the one that says the same); it never changes."""
    from infra.cli.books import tell_version

    begins = {"effective_from": effective_from} if effective_from else {}
    tell_version(book, "publish", begins, id, actor, as_json)


@catalogue.command()
def withdraw(
    book: Annotated[str, typer.Argument(metavar="BOOK")],
    option: str,
    value: Annotated[
        list[str] | None, typer.Option(help="Only this value; else the whole option.")
    ] = None,
    reason: Reason = None,
    actor: Actor = None,
    id: CommandId = None,
    as_json: Json = False,
) -> None:
    """Take an option out of the choice, and list the open orders and designs that have it."""
    from infra.cli.books import withdraw_option

    withdraw_option(book, option, value or [], reason, id, actor, as_json)


@catalogue.command()
def show(book: Book, as_json: Json = False) -> None:
    """Print a version as the file that says the same."""
    from infra.cli.books import show_book

    with open_deployment() as deployment:
        show_book(deployment, book, as_json)
