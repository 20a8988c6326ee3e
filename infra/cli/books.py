"""What the commands of `ordermade catalogue` do."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import msgspec
import typer

from domain.book.book import Book
from domain.book.contents import HEADER_FIELDS, PARTS, rules_hash
from domain.catalogue.problems import name_of
from domain.catalogue.state import Catalogue, Version
from domain.order.progress import HANDED_OVER, INACTIVE
from infra.cli.ordering import Said, recorded, send, tell
from infra.cli.tables import table
from infra.cli.terminal import open_deployment
from infra.deployment import Deployment
from infra.errors import UserError
from infra.imports.catalogue import Fault, read, write
from projections import discover
from projections.backlog import BacklogRow
from projections.choices import ChosenOption
from projections.designs import DesignRow


def check_file(file: Path, as_json: bool) -> int:
    """Prints the faults, and returns how many there are."""
    book, faults = _read(file)
    if as_json:
        typer.echo(json.dumps({"file": str(file), "faults": [asdict(f) for f in faults]}))
    elif faults:
        for fault in faults:
            typer.echo(f"{file}:{fault}")
    elif book:
        typer.echo(f"{book.book} can be drafted: {_counts(book)}.")
    return len(faults)


def draft_file(file: Path, actor: str | None, id: str | None, as_json: bool) -> None:
    book = _sound(file)
    said = msgspec.to_builtins({name: getattr(book, name) for name in HEADER_FIELDS + PARTS})
    done = tell(f"catalogue/{book.book}", "draft", said, id, actor, as_json=as_json)
    if done.events and not as_json:
        typer.echo(
            f"Somebody else approves it: `ordermade catalogue approve {book.book} --actor …`, "
            f"and then it is published: `ordermade catalogue publish {book.book} --actor …`."
        )


def tell_version(
    which: str, name: str, said: Said, id: str | None, actor: str | None, as_json: bool
) -> None:
    with open_deployment() as deployment:
        book, version = _found(deployment, which)
    tell(f"catalogue/{book}", name, {"version": version, **said}, id, actor, as_json=as_json)


def withdraw_option(
    book: str, option: str, values: list[str], reason: str | None, id: str | None,
    actor: str | None, as_json: bool,
) -> None:  # fmt: skip
    """Also where it is withdrawn already: whoever asks again sees who is still hit."""

    def meant(chosen: ChosenOption) -> bool:
        return chosen.option == option and (not values or chosen.value in values)

    said = {"option": option, "values": values}
    done = send(f"catalogue/{book}", "withdraw", said, id, actor, reason=reason)
    with open_deployment() as deployment:
        hit = list(_hit(deployment, book, meant))
    if as_json:
        typer.echo(json.dumps({**recorded(done), "rows": hit}))
    else:
        table("Which open orders and designs have it?", hit)


def show_difference(deployment: Deployment, old: str, new: str, as_json: bool) -> None:
    rows = list(_differences(_side(deployment, old), _side(deployment, new)))
    if as_json:
        typer.echo(json.dumps({"rows": rows}))
    else:
        table(f"In what does {new} differ from {old}?", rows)


def show_book(deployment: Deployment, which: str, as_json: bool) -> None:
    name, number = _found(deployment, which)
    version = deployment.books.catalogue(name).versions[number - 1]
    if as_json:
        told = msgspec.to_builtins(version.offered)
        said = {"author": version.author, "approver": version.approver,
                "published": version.published, "rules_hash": version.rules_hash}  # fmt: skip
        typer.echo(json.dumps({"rows": [{**told, **said}]}))
        return
    typer.echo(f"# version {number}, {_state(version)}\n{write(version.book)}", nl=False)


def _state(version: Version) -> str:
    if version.published:
        return f"from {version.book.effective_from:%Y-%m-%dT%H:%M:%SZ}"
    approved = f", approved by {version.approver}" if version.approver else ""
    return f"a draft of {version.author}{approved}"


def _counts(book: Book) -> str:
    told = [f"{len(getattr(book, part))} {part}" for part in PARTS if getattr(book, part)]
    return ", ".join([f"{len(book.products)} products", *told])


def _read(file: Path) -> tuple[Book | None, list[Fault]]:
    try:
        return read(file.read_text(encoding="utf-8"))
    except UnicodeDecodeError:
        raise UserError(f"{file} is not in UTF-8: convert it") from None
    except OSError:
        raise UserError(f"{file} is not there: name a file that can be read") from None


def _sound(file: Path) -> Book:
    book, faults = _read(file)
    if book is None or faults:
        more = f" ({len(faults) - 1} more: `ordermade catalogue check`)" if faults[1:] else ""
        raise UserError(f"{file}:{faults[0]}{more}")
    return book


def _side(deployment: Deployment, word: str) -> Book:
    if Path(word).is_file():
        return _sound(Path(word))
    name, number = _found(deployment, word)
    return deployment.books.version(name, number)


def _found(deployment: Deployment, word: str) -> tuple[str, int]:
    """The book and the version that `BOOK[@VERSION]` means, or that says what a file says."""
    if Path(word).is_file():
        book = _sound(Path(word))
        return book.book, _alike(deployment.books.catalogue(book.book), book)
    name, _, number = word.partition("@")
    if number and not number.isdigit():
        raise UserError(f"{word}: the version is no number: write BOOK@2")
    latest = deployment.books.catalogue(name).latest
    if latest is None:
        raise UserError(f"there is no book {name}: `ordermade show catalogues` lists them")
    return name, int(number) if number else latest.book.version


def _alike(catalogue: Catalogue, book: Book) -> int:
    for version in reversed(catalogue.versions):
        if rules_hash(version.book) == rules_hash(book):
            return version.book.version
    raise UserError(f"no version of {book.book} says what the file says: draft it first")


def _differences(old: Book, new: Book) -> Iterator[dict[str, str]]:
    """Part by part, in the words of the file."""
    for term in HEADER_FIELDS:
        was, now = getattr(old, term), getattr(new, term)
        if was != now:
            yield _row(term, "", was, now)
    for part in PARTS:
        before = {name_of(thing): thing for thing in getattr(old, part)}
        after = {name_of(thing): thing for thing in getattr(new, part)}
        for name in dict.fromkeys([*before, *after]):
            yield from _changed(part, name, before.get(name), after.get(name))


def _changed(part: str, name: str, was: Any, now: Any) -> Iterator[dict[str, str]]:
    if was is None or now is None:
        yield _row(part, name, was and "is there", now and "is there")
    elif was != now:
        before, after = msgspec.to_builtins(was), msgspec.to_builtins(now)
        for field in before:
            if before[field] != after[field]:
                yield _row(part, f"{name}.{field}", before[field], after[field])


def _row(part: str, name: str, was: Any, now: Any) -> dict[str, str]:
    said = {"was": was, "is": now}
    return {"part": part, "name": name, **{k: _words(v) for k, v in said.items()}}


def _words(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(msgspec.to_builtins(value))


def _hit(
    deployment: Deployment, book: str, meant: Callable[[ChosenOption], bool]
) -> Iterator[dict[str, str]]:
    """The open orders and the designs of the book that have what is meant."""
    views = discover()
    for row in deployment.views.stream(views["backlog"]):
        assert isinstance(row, BacklogRow)
        if row.choices.book == book and row.progress.status not in INACTIVE | HANDED_OVER:
            yield from _chosen(f"order/{row.order_id}", row.status, row.choices.options, meant)
    for design in deployment.views.stream(views["designs"]):
        assert isinstance(design, DesignRow)
        if design.book == book:
            yield from _chosen(f"design/{design.design_id}", "design", design.options, meant)


def _chosen(
    subject: str,
    status: str,
    options: Sequence[ChosenOption],
    meant: Callable[[ChosenOption], bool],
) -> Iterator[dict[str, str]]:
    for c in options:
        if meant(c):
            yield {"subject": subject, "status": status, "line_id": c.line_id, "option": c.option,
                   "value": c.value}  # fmt: skip
