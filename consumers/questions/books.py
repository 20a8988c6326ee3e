"""The versions of a book: found, described, compared, and who has chosen what is withdrawn."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Sequence
from typing import Any

import msgspec

from consumers.doors.books import StoredBooks
from consumers.ports.views import ViewReader
from consumers.questions.rows import readable_view
from domain.book.book import Book
from domain.book.contents import HEADER_FIELDS, PARTS, rules_hash
from domain.catalogue.problems import item_id
from domain.catalogue.state import Version
from domain.errors import NotFound
from domain.order.progress import HANDED_OVER, INACTIVE
from projections.backlog import BacklogRow
from projections.choices import ChosenOption
from projections.designs import DesignRow


class BookDifference(msgspec.Struct, frozen=True):
    """A term or a part of two versions that is not the same; "" where a version has none."""

    part: str
    name: str
    old: str = msgspec.field(name="was")
    new: str = msgspec.field(name="is")


class AffectedChoice(msgspec.Struct, frozen=True):
    """An option with its value in an open order, or in a design."""

    subject: str
    status: str
    line_id: str
    option: str
    value: str


def find_version(name: str, number: int | None, books: StoredBooks) -> Version:
    """Return a version of a book, without a number the latest, drafts too. Raises NotFound."""
    catalogue = books.catalogue(name)
    if catalogue.latest is None:
        raise NotFound(f"there is no book {name}", "book")
    version = catalogue.latest if number is None else catalogue.version(number)
    if version is None:
        last = catalogue.latest.book.version
        raise NotFound(f"{name} has no version {number}: the latest is {last}", "version")
    return version


def find_same_version(book: Book, books: StoredBooks) -> Version:
    """Return the latest version with the same rules as a book from a file. Raises NotFound."""
    for version in reversed(books.catalogue(book.book).versions):
        if rules_hash(version.book) == rules_hash(book):
            return version
    raise NotFound(f"no version of {book.book} has the rules of the file: draft it first", "book")


def describe_version(version: Version) -> dict[str, Any]:
    """Return a version as JSON values: what it offers now, its author, approver and rules hash."""
    book: dict[str, Any] = msgspec.to_builtins(version.offered)
    return {
        **book,
        "author": version.author,
        "approver": version.approver,
        "published": version.is_published,
        "rules_hash": version.rules_hash,
    }


def book_differences(old: Book, new: Book) -> list[BookDifference]:
    """Return what differs between two books: terms first, then part by part, by name and field."""
    return list(_differences(old, new))


def affected_choices(
    book: str, option: str, values: Collection[str], views: ViewReader
) -> list[AffectedChoice]:
    """Return where an option is chosen, in open orders and designs of a book; no values: any."""
    return list(_affected(book, option, values, views))


def _differences(old: Book, new: Book) -> Iterator[BookDifference]:
    for term in HEADER_FIELDS:
        before, after = getattr(old, term), getattr(new, term)
        if before != after:
            yield BookDifference(term, "", _text(before), _text(after))
    for part in PARTS:
        olds = {item_id(element): element for element in getattr(old, part)}
        news = {item_id(element): element for element in getattr(new, part)}
        for name in dict.fromkeys([*olds, *news]):
            yield from _part_differences(part, name, olds.get(name), news.get(name))


def _part_differences(part: str, name: str, old: Any, new: Any) -> Iterator[BookDifference]:
    if old is None or new is None:
        yield BookDifference(part, name, *("" if e is None else "is there" for e in (old, new)))
    elif old != new:
        before, after = msgspec.to_builtins(old), msgspec.to_builtins(new)
        for field in before:
            if before[field] != after[field]:
                texts = _text(before[field]), _text(after[field])
                yield BookDifference(part, f"{name}.{field}", *texts)


def _text(value: Any) -> str:
    """A value as a person reads it: text as it is, anything else in JSON."""
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(msgspec.to_builtins(value))


def _affected(
    book: str, option: str, values: Collection[str], views: ViewReader
) -> Iterator[AffectedChoice]:
    for row in views.stream(readable_view("backlog", views)):
        assert isinstance(row, BacklogRow)
        if row.choices.book == book and row.progress.status not in INACTIVE | HANDED_OVER:
            subject = f"order/{row.order_id}"
            yield from _chosen(subject, row.status, row.choices.options, option, values)
    for design in views.stream(readable_view("designs", views)):
        assert isinstance(design, DesignRow)
        if design.book == book:
            subject = f"design/{design.design_id}"
            yield from _chosen(subject, "design", design.options, option, values)


def _chosen(
    subject: str,
    status: str,
    choices: Sequence[ChosenOption],
    option: str,
    values: Collection[str],
) -> Iterator[AffectedChoice]:
    for choice in choices:
        if choice.option == option and (not values or choice.value in values):
            yield AffectedChoice(subject, status, choice.line_id, choice.option, choice.value)
