"""A catalogue, as its events leave it: every version of its book. Never refuses."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, assert_never

from domain.book.book import Book, Term
from domain.catalogue import events as e


@dataclass(frozen=True, slots=True)
class Version:
    """Until it is published, `book.effective_from` is when it was drafted.

    `book` stays as it was drafted; `offered` knows what was withdrawn of it since.
    """

    book: Book
    author: str
    offered: Book
    approver: str | None = None
    rules_hash: str | None = None  # as it was published

    @property
    def published(self) -> bool:
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
        """What is offered at a time, by the published version that is effective then."""
        begun = [v.offered for v in self.versions if v.published and v.book.effective_from <= at]
        return begun[-1] if begun else None


def evolve(catalogue: Catalogue, event: e.CatalogueEvent, at: datetime) -> Catalogue:
    match event:
        case e.BookDrafted():
            book = Book(
                book=event.book, version=event.version, currency=event.currency,
                rounding=event.rounding, places=event.places, products=event.products,
                effective_from=at,
            )  # fmt: skip
            return Catalogue((*catalogue.versions, Version(book, event.author, book)))
        case e.OptionsDrafted(options=options):
            return _drafted(catalogue, "options", options)
        case e.InputsDrafted(inputs=inputs):
            return _drafted(catalogue, "inputs", inputs)
        case e.ConstraintsDrafted(constraints=constraints):
            return _drafted(catalogue, "constraints", constraints)
        case e.PricesDrafted(prices=prices):
            return _drafted(catalogue, "prices", prices)
        case e.PhrasesDrafted(phrases=phrases):
            return _drafted(catalogue, "phrases", phrases)
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
            gone = Term(option=option, values=values)
            return Catalogue(tuple(_without(v, gone) for v in catalogue.versions))
        case _:
            assert_never(event)


def _drafted(catalogue: Catalogue, field: str, parts: tuple[Any, ...]) -> Catalogue:
    *before, last = catalogue.versions
    more: dict[str, Any] = {field: (*getattr(last.book, field), *parts)}
    book = replace(last.book, **more)
    return Catalogue((*before, replace(last, book=book, offered=book)))


def _without(version: Version, gone: Term) -> Version:
    if all(option.option != gone.option for option in version.book.options):
        return version
    withdrawn = (*version.offered.withdrawn, gone)
    return replace(version, offered=replace(version.offered, withdrawn=withdrawn))


def _with(catalogue: Catalogue, number: int, **now: Any) -> Catalogue:
    changed = replace(catalogue.versions[number - 1], **now)
    return Catalogue(tuple(changed if v.book.version == number else v for v in catalogue.versions))
