"""What may be decided about a catalogue: who drafts a version does not approve it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from domain.book.book import Book, Constraint, Input, Option, Phrase, PriceRule, Rounding
from domain.book.contents import chunks, rules_hash
from domain.catalogue import events as e
from domain.catalogue.problems import problems
from domain.catalogue.state import Catalogue, Version
from domain.configuration.choosing import some
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
    named: str,
    actor: str | None,
    now: datetime,
) -> list[e.CatalogueEvent]:
    """The next version, whole; what the latest one says already is not drafted again."""
    author = _somebody(actor, "drafts it")
    book = Book(
        book=named, version=len(catalogue.versions) + 1, currency=currency, rounding=rounding,
        places=places, products=tuple(products), effective_from=now, options=tuple(options),
        inputs=tuple(inputs), constraints=tuple(constraints), prices=tuple(prices),
        phrases=tuple(phrases),
    )  # fmt: skip
    latest = catalogue.latest
    if latest and rules_hash(latest.book) == rules_hash(book):
        return []
    if found := problems(book):
        first, more = found[0], len(found) - 1
        others = f" (and {more} more)" if more else ""
        raise BookInvalid(
            f"{first.part} {first.id}: {first.words}{others}",
            first.part,
            count=len(found),
            problems=[{"part": p.part, "id": p.id, "words": p.words} for p in found[:_LISTED]],
        )
    return [
        e.BookDrafted(
            book=named, version=book.version, currency=currency, rounding=rounding, places=places,
            products=book.products, author=author,
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
    drafted, approver = _version(catalogue, version), _somebody(actor, "approves it")
    if drafted.approver == approver:
        return []
    if drafted.approver:
        raise NotAllowed(
            f"version {version} was approved by {drafted.approver} already: publish it", "version"
        )
    if drafted.author == approver:
        raise ApprovalMissing(
            f"{approver} drafted version {version}: somebody else approves it",
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
    """From now on, or from a later time: what was agreed under a book never changes."""
    drafted, begins = _version(catalogue, version), effective_from or now
    _somebody(actor, "publishes it")
    if drafted.published:
        if effective_from in (None, drafted.book.effective_from):
            return []
        raise NotAllowed(
            f"version {version} was published from {_day(drafted.book.effective_from)} on and "
            "never changes: draft another one",
            "effective_from",
        )
    if drafted.approver is None:
        raise ApprovalMissing(
            f"version {version} is not approved: somebody else than {drafted.author} approves it",
            "version",
            version=version,
        )
    if begins < now:
        raise NotAllowed("a book cannot begin in the past: name a later time", "effective_from")
    for other in catalogue.versions:
        if other.published and other.book.version > version:
            raise NotAllowed(
                f"version {other.book.version} was published already: draft this one again",
                "version",
            )
        if other.published and other.book.effective_from >= begins:
            raise NotAllowed(
                f"version {other.book.version} begins only at "
                f"{_day(other.book.effective_from)}, and two books cannot overlap: name a later "
                "time",
                "effective_from",
            )
    return [
        e.BookPublished(
            version=version, effective_from=begins, rules_hash=rules_hash(drafted.book),
            approver=drafted.approver,
        )
    ]  # fmt: skip


def withdraw(
    catalogue: Catalogue, *, option: Name, values: Sequence[Name] = (), actor: str | None
) -> list[e.CatalogueEvent]:
    """What was chosen before stays; a version that is drafted later may have it again."""
    _somebody(actor, "withdraws it")
    offered = {o.option: o for v in catalogue.versions for o in v.book.options}
    if option not in offered:
        raise NameUnknown(f"no version offers {option}: its options are {some(offered)}", "option")
    if unknown := set(values) - set(offered[option].values):
        raise NameUnknown(
            f"{option} has no value {min(unknown)}: it has {some(offered[option].values)}",
            "values",
        )
    gone = e.OptionWithdrawn(option=option, values=tuple(values))
    latest = catalogue.latest
    if latest and any(
        (t.option, t.values) == (option, gone.values) for t in latest.offered.withdrawn
    ):
        return []
    return [gone]


def _version(catalogue: Catalogue, number: int) -> Version:
    found = catalogue.version(number)
    if found is None:
        last = len(catalogue.versions)
        raise NameUnknown(
            f"there is no version {number}: the latest is {last}" if last
            else "the catalogue has no version yet: draft one",
            "version",
        )  # fmt: skip
    return found


def _somebody(actor: str | None, does: str) -> str:
    if actor is None:
        raise NotAllowed(f"nobody is named: say who {does}", "actor")
    return actor


def _day(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"
