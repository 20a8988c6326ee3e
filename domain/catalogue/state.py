"""The state of a catalogue, folded from its events: every version of its book."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, assert_never

from domain.book.book import Book, Term
from domain.catalogue import events as e


@dataclass(frozen=True, slots=True)
class Version:
    """A version of a book; until it is published, `effective_from` of the books is its draft time.

    `book` is as it was drafted, `offered` the same without what was withdrawn since. `rules_hash`
    is that of its publication, None before.
    """

    book: Book
    author: str
    offered: Book
    approver: str | None = None
    rules_hash: str | None = None

    @property
    def is_published(self) -> bool:
        return self.rules_hash is not None


@dataclass(frozen=True, slots=True)
class Catalogue:
    versions: tuple[Version, ...] = ()

    @property
    def latest(self) -> Version | None:
        return self.versions[-1] if self.versions else None

    def version(self, number: int) -> Version | None:
        return self.versions[number - 1] if 0 < number <= len(self.versions) else None

    def current(self, at: datetime) -> Book | None:
        """The published version that is effective at a time, without what was withdrawn."""
        effective = [
            v.offered for v in self.versions if v.is_published and v.book.effective_from <= at
        ]
        return effective[-1] if effective else None


def evolve(catalogue: Catalogue, event: e.CatalogueEvent, at: datetime) -> Catalogue:
    """The catalogue after an event. No event is refused."""
    match event:
        case e.BookDrafted():
            book = Book(
                book=event.book, version=event.version, currency=event.currency,
                rounding=event.rounding, places=event.places, products=event.products,
                effective_from=at,
            )  # fmt: skip
            return Catalogue((*catalogue.versions, Version(book, event.author, book)))
        case e.OptionsDrafted(options=options):
            return _with_items(catalogue, "options", options)
        case e.InputsDrafted(inputs=inputs):
            return _with_items(catalogue, "inputs", inputs)
        case e.ConstraintsDrafted(constraints=constraints):
            return _with_items(catalogue, "constraints", constraints)
        case e.PricesDrafted(prices=prices):
            return _with_items(catalogue, "prices", prices)
        case e.PhrasesDrafted(phrases=phrases):
            return _with_items(catalogue, "phrases", phrases)
        case e.BookApproved(version=number, approver=approver):
            return _with(catalogue, number, approver=approver)
        case e.BookPublished(version=number, effective_from=effective, rules_hash=rules):
            published = catalogue.versions[number - 1]
            return _with(
                catalogue,
                number,
                rules_hash=rules,
                book=replace(published.book, effective_from=effective),
                offered=replace(published.offered, effective_from=effective),
            )
        case e.OptionWithdrawn(option=option, values=values):
            withdrawn = Term(option=option, values=values)
            return Catalogue(tuple(_without(v, withdrawn) for v in catalogue.versions))
        case _:
            assert_never(event)


def _with_items(catalogue: Catalogue, part: str, items: tuple[Any, ...]) -> Catalogue:
    """The catalogue with items added to a part of the latest version."""
    *earlier, latest = catalogue.versions
    more: dict[str, Any] = {part: (*getattr(latest.book, part), *items)}
    book = replace(latest.book, **more)
    return Catalogue((*earlier, replace(latest, book=book, offered=book)))


def _without(version: Version, withdrawn: Term) -> Version:
    if all(option.option != withdrawn.option for option in version.book.options):
        return version
    all_withdrawn = (*version.offered.withdrawn, withdrawn)
    return replace(version, offered=replace(version.offered, withdrawn=all_withdrawn))


def _with(catalogue: Catalogue, number: int, **fields: Any) -> Catalogue:
    version = replace(catalogue.versions[number - 1], **fields)
    return Catalogue(tuple(version if v.book.version == number else v for v in catalogue.versions))
