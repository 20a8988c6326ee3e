"""Decisions about a catalogue. Whoever drafts a version does not approve it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from domain.book.book import Book, Constraint, Input, Option, Phrase, PriceRule, Rounding
from domain.book.contents import chunks, rules_hash
from domain.catalogue import events as e
from domain.catalogue.problems import problems
from domain.catalogue.state import Catalogue, Version
from domain.configuration.choosing import list_some
from domain.errors import ApprovalMissing, BookInvalid, NameUnknown, NotAllowed
from domain.values import Currency, Name, Quantity, Time

_LISTED = 20
"""How many problems of a drafted book a refusal lists."""


def draft(
    catalogue: Catalogue,
    *,
    currency: Currency,
    products: e.Products,
    rounding: Rounding = "half_up",
    places: e.Places = 2,
    options: Sequence[Option] = (),
    inputs: Sequence[Input] = (),
    constraints: Sequence[Constraint] = (),
    prices: Sequence[PriceRule] = (),
    phrases: Sequence[Phrase] = (),
    subject_id: str,
    actor: str | None,
    now: datetime,
) -> list[e.CatalogueEvent]:
    """Draft the next version, unless it has the contents of the latest one."""
    author = _need_actor(actor, "drafts it")
    book = Book(
        book=subject_id, version=len(catalogue.versions) + 1, currency=currency, rounding=rounding,
        places=places, products=tuple(products), effective_from=now, options=tuple(options),
        inputs=tuple(inputs), constraints=tuple(constraints), prices=tuple(prices),
        phrases=tuple(phrases),
    )  # fmt: skip
    latest = catalogue.latest
    if latest and rules_hash(latest.book) == rules_hash(book):
        return []
    _need_valid(book)
    return [
        e.BookDrafted(
            book=book.book, version=book.version, currency=currency, rounding=rounding,
            places=places, products=book.products, author=author,
        ),
        *(e.OptionsDrafted(options=piece) for piece in chunks(book.options)),
        *(e.InputsDrafted(inputs=piece) for piece in chunks(book.inputs)),
        *(e.ConstraintsDrafted(constraints=piece) for piece in chunks(book.constraints)),
        *(e.PricesDrafted(prices=piece) for piece in chunks(book.prices)),
        *(e.PhrasesDrafted(phrases=piece) for piece in chunks(book.phrases)),
    ]  # fmt: skip


def approve(
    catalogue: Catalogue, *, version: Quantity, actor: str | None
) -> list[e.CatalogueEvent]:
    """Approve a drafted version; somebody other than its author must do it."""
    draft_version, approver = _version(catalogue, version), _need_actor(actor, "approves it")
    if draft_version.approver == approver:
        return []
    if draft_version.approver:
        raise NotAllowed(
            f"version {version} is already approved by {draft_version.approver}: publish it",
            "version",
        )
    if draft_version.author == approver:
        raise ApprovalMissing(
            f"{approver} drafted version {version}: somebody else must approve it",
            "actor",
            version=version,
        )
    return [e.BookApproved(version=version, approver=approver)]


def publish(
    catalogue: Catalogue,
    *,
    version: Quantity,
    effective_from: Time | None = None,
    actor: str | None,
    now: datetime,
) -> list[e.CatalogueEvent]:
    """Publish an approved version from a time on, by default from now on.

    Orders that are placed keep the version that they were placed under.
    """
    candidate, start = _version(catalogue, version), effective_from or now
    _need_actor(actor, "publishes it")
    if candidate.is_published:
        if effective_from in (None, candidate.book.effective_from):
            return []
        raise NotAllowed(
            f"version {version} is published from {_text(candidate.book.effective_from)} on, and a "
            "published version never changes: draft another one",
            "effective_from",
        )
    if candidate.approver is None:
        raise ApprovalMissing(
            f"version {version} is not approved: somebody other than {candidate.author} must "
            "approve it",
            "version",
            version=version,
        )
    if start < now:
        raise NotAllowed(
            "a version cannot become effective in the past: give a later time", "effective_from"
        )
    for other in catalogue.versions:
        if other.is_published and other.book.version > version:
            raise NotAllowed(
                f"version {other.book.version} is already published: draft this one again",
                "version",
            )
        if other.is_published and other.book.effective_from >= start:
            raise NotAllowed(
                f"version {other.book.version} becomes effective at "
                f"{_text(other.book.effective_from)}, and versions do not overlap: give a later "
                "time",
                "effective_from",
            )
    return [
        e.BookPublished(
            version=version, effective_from=start, rules_hash=rules_hash(candidate.book),
            approver=candidate.approver,
        )
    ]  # fmt: skip


def withdraw(
    catalogue: Catalogue, *, option: Name, values: Sequence[Name] = (), actor: str | None
) -> list[e.CatalogueEvent]:
    """Withdraw an option, or some of its values, from what can be chosen.

    What was chosen before stays, and a version that is drafted later may offer it again.
    """
    _need_actor(actor, "withdraws it")
    options = {o.option: o for v in catalogue.versions for o in v.book.options}
    if option not in options:
        raise NameUnknown(
            f"no version has an option {option}: the options are {list_some(options)}", "option"
        )
    if unknown := set(values) - set(options[option].values):
        raise NameUnknown(
            f"{option} has no value {min(unknown)}: it has {list_some(options[option].values)}",
            "values",
        )
    withdrawal = e.OptionWithdrawn(option=option, values=tuple(values))
    latest = catalogue.latest
    if latest and any(
        (t.option, t.values) == (option, withdrawal.values) for t in latest.offered.withdrawn
    ):
        return []
    return [withdrawal]


def _need_valid(book: Book) -> None:
    if all_problems := problems(book):
        first, more = all_problems[0], len(all_problems) - 1
        others = f" (and {more} more)" if more else ""
        raise BookInvalid(
            f"{first.part} {first.id}: {first.message}{others}",
            first.part,
            count=len(all_problems),
            problems=[
                {"part": p.part, "id": p.id, "message": p.message} for p in all_problems[:_LISTED]
            ],
        )


def _version(catalogue: Catalogue, number: int) -> Version:
    version = catalogue.version(number)
    if version is None:
        latest = len(catalogue.versions)
        raise NameUnknown(
            f"there is no version {number}: the latest is {latest}" if latest
            else "the catalogue has no version yet: draft one",
            "version",
        )  # fmt: skip
    return version


def _need_actor(actor: str | None, action: str) -> str:
    if actor is None:
        raise NotAllowed(f"the actor is missing: say who {action}", "actor")
    return actor


def _text(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"
