"""`ordermade catalogue`: books are written as files, approved by somebody else, and published."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from infra.cli.arguments import CommandId, Reason
from infra.cli.terminal import Actor, Json, open_deployment
from infra.errors import UserError

if TYPE_CHECKING:
    from domain.book.book import Book
    from domain.catalogue.state import Version
    from infra.deployment import Deployment
    from infra.imports.catalogue import FileProblem

catalogue = typer.Typer(no_args_is_help=True)

File = Annotated[Path, typer.Argument(help="A catalogue in YAML.")]
BookName = Annotated[
    str,
    typer.Argument(
        metavar="BOOK[@VERSION]", help="Without a version the latest one, drafts included."
    ),
]
BookOrFile = Annotated[str, typer.Argument(help="BOOK[@VERSION], or a file.")]


@catalogue.command()
def check(file: File, as_json: Json = False) -> None:
    """List all problems of a file, by line.

    Exits with 1 if there are any.
    """
    from infra.cli.tables import print_json

    book, problems = _read(file)
    if as_json:
        faults = [{"line": p.line, "where": p.where, "words": p.message} for p in problems]
        print_json({"file": str(file), "faults": faults})
    elif problems:
        for problem in problems:
            typer.echo(f"{file}:{problem}")
    elif book:
        typer.echo(f"{book.book} can be drafted: {_counts(book)}.")
    if problems:
        raise typer.Exit(1)


@catalogue.command()
def diff(old: BookOrFile, new: BookOrFile, as_json: Json = False) -> None:
    """Show the differences of two versions, or files."""
    from consumers.questions.books import book_differences
    from infra.cli.tables import print_json, table

    with open_deployment() as deployment:
        differences = book_differences(_book(deployment, old), _book(deployment, new))
    if as_json:
        print_json({"rows": differences})
    else:
        table(f"How does {new} differ from {old}?", differences)


@catalogue.command()
def draft(file: File, actor: Actor = None, id: CommandId = None, as_json: Json = False) -> None:
    """Record a file as its book's next version."""
    import msgspec

    from domain.book.contents import HEADER_FIELDS, PARTS
    from domain.subject import Subject
    from infra.cli.sending import send_and_report

    book = _valid(file)
    arguments = msgspec.to_builtins({name: getattr(book, name) for name in HEADER_FIELDS + PARTS})
    subject = Subject("catalogue", book.book)
    result = send_and_report(subject, "draft", arguments, id, actor, as_json=as_json)
    if result.events and not as_json:
        typer.echo(
            f"Somebody else approves it: `ordermade catalogue approve {book.book} --actor …`; "
            f"then it is published: `ordermade catalogue publish {book.book} --actor …`."
        )


@catalogue.command()
def approve(
    book: BookName, actor: Actor = None, id: CommandId = None, as_json: Json = False
) -> None:
    """Approve a version that somebody else drafted."""
    _send(book, "approve", {}, id, actor, as_json)


@catalogue.command()
def publish(
    book: BookOrFile,
    effective_from: Annotated[
        str | None, typer.Option("--from", help="When it takes effect; at once if left out.")
    ] = None,
    actor: Actor = None,
    id: CommandId = None,
    as_json: Json = False,
) -> None:
    """Publish an approved version: it never changes.

    A file stands for the version with the same contents.
    """
    arguments = {"effective_from": effective_from} if effective_from else {}
    _send(book, "publish", arguments, id, actor, as_json)


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
    """Stop offering an option.

    Lists the open orders and designs that have it, also if it was withdrawn before.
    """
    from consumers.questions.books import affected_choices
    from domain.subject import Subject
    from infra.cli.sending import result_as_json, send
    from infra.cli.tables import print_json, table

    arguments = {"option": option, "values": value or []}
    result = send(Subject("catalogue", book), "withdraw", arguments, id, actor, reason=reason)
    with open_deployment() as deployment:
        affected = affected_choices(book, option, value or [], deployment.views)
    if as_json:
        print_json({**result_as_json(result), "rows": affected})
    else:
        table("Which open orders and designs have it?", affected)


@catalogue.command()
def show(book: BookName, as_json: Json = False) -> None:
    """Print a version as a file."""
    from consumers.questions.books import describe_version
    from infra.cli.tables import print_json
    from infra.imports.catalogue import write

    with open_deployment() as deployment:
        version = _version(deployment, book)
    if as_json:
        print_json({"rows": [describe_version(version)]})
    else:
        heading = f"# version {version.book.version}, {_state(version)}"
        typer.echo(f"{heading}\n{write(version.book)}", nl=False)


def _send(
    name: str,
    command: str,
    arguments: dict[str, Any],
    id: str | None,
    actor: str | None,
    as_json: bool,
) -> None:
    from domain.subject import Subject
    from infra.cli.sending import send_and_report

    with open_deployment() as deployment:
        book = _version(deployment, name).book
    arguments = {"version": book.version, **arguments}
    subject = Subject("catalogue", book.book)
    send_and_report(subject, command, arguments, id, actor, as_json=as_json)


def _read(file: Path) -> tuple[Book | None, list[FileProblem]]:
    """The book of a file, and the problems of the file. Raises UserError if it is not readable."""
    from infra.imports.catalogue import read

    try:
        return read(file.read_text(encoding="utf-8"))
    except UnicodeDecodeError:
        raise UserError(f"{file} is not in UTF-8: convert it") from None
    except OSError:
        raise UserError(f"{file} does not exist: name a file that can be read") from None


def _valid(file: Path) -> Book:
    """The book of a file without problems. Raises UserError."""
    book, problems = _read(file)
    if book is None or problems:
        more = f" ({len(problems) - 1} more: `ordermade catalogue check`)" if problems[1:] else ""
        raise UserError(f"{file}:{problems[0]}{more}")
    return book


def _book(deployment: Deployment, name: str) -> Book:
    """The book of a file, or of BOOK[@VERSION]."""
    return _valid(Path(name)) if Path(name).is_file() else _version(deployment, name).book


def _version(deployment: Deployment, name: str) -> Version:
    """The version of BOOK[@VERSION], or the one with the contents of a file."""
    from consumers.questions.books import find_same_version, find_version

    if Path(name).is_file():
        return find_same_version(_valid(Path(name)), deployment.books)
    book, _, number = name.partition("@")
    if number and not number.isdigit():
        raise UserError(f"{name}: the version is not a number: write BOOK@2")
    return find_version(book, int(number) if number else None, deployment.books)


def _state(version: Version) -> str:
    if version.is_published:
        return f"from {version.book.effective_from:%Y-%m-%dT%H:%M:%SZ}"
    approved = f", approved by {version.approver}" if version.approver else ""
    return f"a draft of {version.author}{approved}"


def _counts(book: Book) -> str:
    from domain.book.contents import PARTS

    counts = [f"{len(getattr(book, part))} {part}" for part in PARTS if getattr(book, part)]
    return ", ".join([f"{len(book.products)} products", *counts])
