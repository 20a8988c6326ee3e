"""The view `catalogues`: the versions of each book, with authors, approvers and dates."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from msgspec.structs import replace

from domain.book.book import Term
from domain.catalogue.events import (
    BookApproved,
    BookDrafted,
    BookPublished,
    ConstraintsDrafted,
    OptionsDrafted,
    OptionWithdrawn,
    PricesDrafted,
)
from domain.event import Recorded
from domain.personal import Plain, Pseudonym
from projections.keys import by_catalogue
from projections.view import Part, Projection, Row


class Edition(Part, frozen=True, kw_only=True):
    """A version of a book, and how many options, constraints and price rules it has.

    Without an `approver` it is not approved, without `effective_from` it is not published.
    """

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
    """A book. `withdrawn` values are withdrawn from the versions that were published before."""

    book: Plain[str]
    currency: Plain[str]
    editions: Plain[tuple[Edition, ...]] = ()
    withdrawn: Plain[tuple[Term, ...]] = ()


def current(row: CatalogueRow, at: datetime) -> Edition | None:
    """The version that is effective at a time: the latest whose `effective_from` has passed."""
    effective = [x for x in row.editions if x.effective_from and x.effective_from <= at]
    return effective[-1] if effective else None


catalogues = Projection(
    "catalogues", 1, CatalogueRow,
    answers="Which versions of each book are there, by whom, and from when?",
)  # fmt: skip


@catalogues.on(BookDrafted, key=by_catalogue)
def add_edition(row: CatalogueRow | None, event: Recorded[BookDrafted]) -> CatalogueRow:
    data = event.data
    new = Edition(version=data.version, author=data.author, drafted=event.event.time)
    row = row or CatalogueRow(book=data.book, currency=data.currency)
    return replace(row, currency=data.currency, editions=(*row.editions, new))


@catalogues.on(OptionsDrafted, ConstraintsDrafted, PricesDrafted, key=by_catalogue)
def count_entries(
    row: CatalogueRow | None, event: Recorded[OptionsDrafted | ConstraintsDrafted | PricesDrafted]
) -> CatalogueRow | None:
    """Add to the counts of the newest version, to which each part of a draft belongs."""
    if row is None:
        return None
    last = row.editions[-1]
    match event.data:
        case OptionsDrafted(options=options):
            return _changed(row, last.version, options=last.options + len(options))
        case ConstraintsDrafted(constraints=constraints):
            return _changed(row, last.version, constraints=last.constraints + len(constraints))
        case PricesDrafted(prices=prices):
            return _changed(row, last.version, prices=last.prices + len(prices))


@catalogues.on(BookApproved, key=by_catalogue)
def approve(row: CatalogueRow | None, event: Recorded[BookApproved]) -> CatalogueRow | None:
    return row and _changed(row, event.data.version, approver=event.data.approver)


@catalogues.on(BookPublished, key=by_catalogue)
def publish(row: CatalogueRow | None, event: Recorded[BookPublished]) -> CatalogueRow | None:
    data = event.data
    return row and _changed(
        row, data.version, effective_from=data.effective_from, rules_hash=data.rules_hash
    )


@catalogues.on(OptionWithdrawn, key=by_catalogue)
def withdraw(row: CatalogueRow | None, event: Recorded[OptionWithdrawn]) -> CatalogueRow | None:
    term = Term(option=event.data.option, values=event.data.values)
    return row and replace(row, withdrawn=(*row.withdrawn, term))


def _changed(row: CatalogueRow, version: int, **changes: Any) -> CatalogueRow:
    editions = tuple(replace(x, **changes) if x.version == version else x for x in row.editions)
    return replace(row, editions=editions)
