"""Catalogues: which versions there are, who wrote and approved each, and from when it holds."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from msgspec.structs import replace

from domain.book.book import Term
from domain.catalogue import events as e
from domain.personal import Plain, Pseudonym
from domain.subject import Subject
from projections.view import AnyEvent, Part, Projection, Row


class Edition(Part, frozen=True, kw_only=True):
    """A version. Without `effective_from` it is not published, without `approver` not approved."""

    version: Plain[int]
    author: Pseudonym[str]
    drafted: Plain[datetime]
    options: Plain[int] = 0
    constraints: Plain[int] = 0
    prices: Plain[int] = 0
    approver: Pseudonym[str | None] = None
    effective_from: Plain[datetime | None] = None
    rules_hash: Plain[str | None] = None


class CatalogueRow(Row, frozen=True, kw_only=True):
    """`withdrawn` is what was taken out of the versions that there were by then."""

    book: Plain[str]
    currency: Plain[str]
    editions: Plain[tuple[Edition, ...]] = ()
    withdrawn: Plain[tuple[Term, ...]] = ()


def current(row: CatalogueRow, at: datetime) -> Edition | None:
    """The version that is effective at a time."""
    begun = [x for x in row.editions if x.effective_from and x.effective_from <= at]
    return begun[-1] if begun else None


def keys(event: AnyEvent) -> Iterable[str]:
    subject = Subject.parse(event.event.subject)
    return [subject.id] if subject.kind == "catalogue" else []


def evolve(row: CatalogueRow | None, event: AnyEvent) -> CatalogueRow | None:
    if isinstance(said := event.data, e.BookDrafted):
        new = Edition(version=said.version, author=said.author, drafted=event.event.time)
        row = row or CatalogueRow(book=said.book, currency=said.currency)
        return replace(row, currency=said.currency, editions=(*row.editions, new))
    if row is None:
        return None  # nobody drafted it: nothing else may come first
    match event.data:
        case e.OptionsDrafted(options=options):
            return _counted(row, "options", len(options))
        case e.ConstraintsDrafted(constraints=constraints):
            return _counted(row, "constraints", len(constraints))
        case e.PricesDrafted(prices=prices):
            return _counted(row, "prices", len(prices))
        case e.BookApproved(version=version, approver=approver):
            return _edited(row, version, approver=approver)
        case e.BookPublished(version=version, effective_from=effective, rules_hash=rules):
            return _edited(row, version, effective_from=effective, rules_hash=rules)
        case e.OptionWithdrawn(option=option, values=values):
            return replace(row, withdrawn=(*row.withdrawn, Term(option=option, values=values)))
    return row


def _counted(row: CatalogueRow, what: str, more: int) -> CatalogueRow:
    last = row.editions[-1]
    return _edited(row, last.version, **{what: getattr(last, what) + more})


def _edited(row: CatalogueRow, version: int, **now: Any) -> CatalogueRow:
    editions = tuple(replace(x, **now) if x.version == version else x for x in row.editions)
    return replace(row, editions=editions)


projection = Projection(
    "catalogues", 1, CatalogueRow, keys, evolve,
    answers="Which versions of each book are there, by whom, and from when?",
)  # fmt: skip
