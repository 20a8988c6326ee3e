"""Prices computed again from their recorded inputs: explained one by one, or all verified."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import zip_longest
from uuid import UUID

import msgspec

from consumers.doors.books import StoredBooks
from consumers.ports.store import IssuedPrice, IssuedPrices
from domain.book.book import Book
from domain.book.contents import rules_hash
from domain.errors import Malformed, NotAllowed, NotFound, Refusal
from domain.pricing.engines import repriced
from domain.pricing.proof import QuoteDifference, proof
from domain.pricing.quote import QuoteInput, TraceLine
from domain.subject import Subject, without_kind

LISTED = 1_000
"""Differences that a verification lists; all are counted."""
_UNREADABLE = QuoteDifference(what="the whole", stored="bytes that cannot be read", again=None)


class AlteredBook(msgspec.Struct, frozen=True):
    """A published version whose rules have another hash (`again`) than was published."""

    book: str
    version: int
    rules_hash: str
    again: str


class ExplainedLine(msgspec.Struct, frozen=True):
    """A rule's contribution to a price: `amount` as stored, `again` as computed now.

    None on one side: that computation has no such contribution.
    """

    line: str
    rule: str
    words: str
    basis: str
    amount: Decimal | None
    again: Decimal | None
    same: bool


class PriceExplanation(msgspec.Struct, frozen=True, kw_only=True):
    """A price, rule by rule, beside the same price computed again by its engine and its book."""

    order: str
    quote: str | None
    engine: str | None
    total: Decimal | None
    currency: str | None
    identical: bool
    rows: Sequence[ExplainedLine]
    inputs: Sequence[QuoteInput]
    differences: Sequence[QuoteDifference]
    books: Sequence[AlteredBook]


class PriceDifference(msgspec.Struct, frozen=True):
    """Where a stored price is not what it is when computed again."""

    order: str
    quote: str | None
    position: str
    what: str
    stored: str | None
    again: str | None


class PriceVerification(msgspec.Struct, frozen=True, kw_only=True):
    """How many prices were computed again, and how many differ; the first `LISTED` differences."""

    quotes: int
    differing: int
    rows: Sequence[PriceDifference]
    books: Sequence[AlteredBook]

    @property
    def is_proved(self) -> bool:
        return not (self.differing or self.books)


class PriceVerifier:
    """Computes prices again by the versions of books in the store, each of which is checked once.

    `altered` lists the published versions that were met and are not as they were published.
    """

    def __init__(self, books: StoredBooks) -> None:
        self._books = books
        self.altered: list[AlteredBook] = []
        self.version = functools.lru_cache(32)(self._version)

    def differences(self, issued: IssuedPrice) -> list[QuoteDifference]:
        """Return where a price differs when computed again; nothing where it is proved."""
        if issued.price is None:
            return [_UNREADABLE]
        differences = proof(issued.price, self.version)
        if issued.change and issued.change.requote:
            delta = issued.change.requote.total - issued.change.requote.before
            stored = issued.change.delta_price
            if delta != stored:
                differences.append(
                    QuoteDifference(what="delta_price", stored=str(stored), again=str(delta))
                )
        return differences

    def _version(self, name: str, number: int) -> Book:
        try:
            book = self._books.version(name, number)
        except (KeyError, ValueError, msgspec.DecodeError):
            raise NotAllowed(f"the book {name} cannot be read: restore it", "book") from None
        published = self._books.catalogue(name).versions[number - 1].rules_hash
        if published and published != (computed := rules_hash(book)):
            self.altered.append(AlteredBook(name, number, published, computed))
        return book


def verify_prices(
    prices: IssuedPrices,
    books: StoredBooks,
    heads: Mapping[int, int],
    on_progress: Callable[[int], None] = lambda _: None,
) -> PriceVerification:
    """Compute every price of the partitions in `heads` again, and compare it with what is stored.

    `on_progress` is called with the number of events, of the sum of `heads`, that were passed.
    """
    verifier = PriceVerifier(books)
    quotes, differing, passed = 0, 0, 0
    rows: list[PriceDifference] = []
    for partition, head in sorted(heads.items()):
        for issued in prices.all(partition):
            quotes += 1
            if differences := verifier.differences(issued):
                differing += 1
                rows += _rows(issued, differences)[: LISTED - len(rows)]
            on_progress(passed + issued.position.number)
        passed += head
        on_progress(passed)
    return PriceVerification(quotes=quotes, differing=differing, rows=rows, books=verifier.altered)


def explain_price(name: str, prices: IssuedPrices, books: StoredBooks) -> PriceExplanation:
    """Return how a price came about. `name` is ORDER/QUOTE, ORDER/CHANGE, or its event's id.

    Raises Malformed for another form of name, NotFound where no price was issued under it.
    """
    issued, verifier = _find(name, prices), PriceVerifier(books)
    differences = verifier.differences(issued)
    lines = list(_lines(issued, verifier))
    price = issued.price
    return PriceExplanation(
        order=issued.order,
        quote=issued.id,
        engine=price.engine_version if price else None,
        total=price.total if price else None,
        currency=price.currency if price else None,
        identical=not (differences or verifier.altered),
        rows=lines,
        inputs=price.inputs if price else (),
        differences=differences,
        books=verifier.altered,
    )


def _rows(issued: IssuedPrice, differences: Sequence[QuoteDifference]) -> list[PriceDifference]:
    return [
        PriceDifference(issued.order, issued.id, str(issued.position), d.what, d.stored, d.again)
        for d in differences
    ]


def _find(name: str, prices: IssuedPrices) -> IssuedPrice:
    order, _, id = without_kind(name, "order").rpartition("/")
    if order:
        issued = prices.find(str(Subject("order", order)), id)
    else:
        try:
            issued = prices.event(UUID(id))
        except ValueError:
            raise Malformed(
                f"{name}: name a quote as ORDER/QUOTE, or by its event's id", "quote"
            ) from None
    if issued is None:
        raise NotFound(f"no price was issued as {name}", "quote")
    return issued


def _lines(issued: IssuedPrice, verifier: PriceVerifier) -> Iterator[ExplainedLine]:
    """The contributions as stored, each beside the one computed now."""
    if issued.price is None:
        return
    try:
        computed: tuple[TraceLine, ...] = repriced(issued.price, verifier.version).trace
    except Refusal:
        computed = ()
    words = _words(issued, verifier)
    for old, new in zip_longest(issued.price.trace, computed):
        line = old or new
        assert line is not None
        yield ExplainedLine(
            line=line.line_id or line.basis,
            rule=line.rule_id,
            words=words.get(line.rule_id, ""),
            basis=line.basis,
            amount=old.amount if old else None,
            again=new.amount if new else None,
            same=old == new,
        )


def _words(issued: IssuedPrice, verifier: PriceVerifier) -> dict[str, str]:
    """The authors' words of each rule of the price's book; none without a book."""
    inputs = {i.name: i.value for i in issued.price.inputs} if issued.price else {}
    try:
        book = verifier.version(inputs["book"], int(inputs["version"]))
    except (KeyError, ValueError, Refusal):
        return {}
    return {rule.rule_id: rule.words for rule in book.prices}
