"""Figures of the view `prices`: what was sold, what came back, and what became of quotes."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Annotated, get_args

from projections.figures.measures import (
    NO_CURRENCY,
    CurrencySums,
    Tally,
    by_currency,
    new_sums,
    share,
)
from projections.figures.quoted import (
    BookVersions,
    Margin,
    Premium,
    PriceDrift,
    QuoteSums,
    SurchargeBand,
)
from projections.prices import Booked, PricesRow

BY_BOOKS = True
UNKNOWN = ("premium, margin, drift: only of quotes that a book priced, without change orders",)


@dataclass(frozen=True, slots=True, kw_only=True)
class DayRevenue:
    day: date
    currency: str
    orders: int
    revenue: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerRevenue:
    customer: str
    currency: str
    orders: int
    revenue: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnFigures:
    """`count` returned lines with `pieces`, of which `unpriced` ones add nothing to `value`."""

    value: Decimal
    count: int
    pieces: int
    unpriced: int


@dataclass(frozen=True, slots=True, kw_only=True)
class QuoteFigures:
    """How many quotes there are, in which state.

    `lapsed` ones are open and past their `expires_at`. `conversion` is the share of quoted
    `orders` that were placed. The trace of an `off_trace` quote does not sum to its total.
    """

    issued: int
    open: int
    lapsed: int
    placed: int
    expired: int
    replaced: int
    orders: int
    conversion: float | None
    off_trace: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleRevenue:
    """What a price rule added to the placed quotes, and to how many."""

    rule_id: str
    currency: str
    quotes: int
    amount: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class PricesFigures:
    orders: Annotated[int, "How many orders have a sale?"]
    revenue: Annotated[CurrencySums, "What was sold, before anything was cancelled or returned?"]
    revenue_unrecognised: Annotated[CurrencySums, "How much of it was sold to unknown customers?"]
    cancelled: Annotated[CurrencySums, "How much of it was cancelled?"]
    sunk_cost: Annotated[CurrencySums, "What had been spent on orders that were cancelled?"]
    changed: Annotated[CurrencySums, "What did approved change orders add?"]
    returned: Annotated[dict[str, ReturnFigures], "What came back?"]
    adjusted: Annotated[CurrencySums, "What changed in money without goods?"]
    paid: Annotated[CurrencySums, "What was paid?"]
    refunded: Annotated[CurrencySums, "What was refunded?"]
    quotes: Annotated[
        QuoteFigures, "What became of quotes? Off trace: its lines do not make the total."
    ]
    by_rule: Annotated[tuple[RuleRevenue, ...], "Which rule made how much of what was placed?"]
    premium: Annotated[
        tuple[Premium, ...], "How much of what was placed did customers pay for their choices?"
    ]
    margin: Annotated[tuple[Margin, ...], "What is left of it, where the book knows the cost?"]
    surcharges: Annotated[
        tuple[SurchargeBand, ...], "How many quotes were placed, by the surcharge in them?"
    ]
    price_drift: Annotated[
        tuple[PriceDrift, ...],
        "What would the orders of older books cost today, in all and by rule?",
    ]
    revenue_by_day: Annotated[
        tuple[DayRevenue, ...],
        "What was sold on each day? An order counts on that of its first sale.",
    ]
    revenue_by_customer: Annotated[tuple[CustomerRevenue, ...], "What was sold to whom?"]
    unknown: Annotated[tuple[str, ...], "What can the events not tell?"]


def figures(
    rows: Iterable[PricesRow], now: datetime, books: BookVersions | None = None
) -> PricesFigures:
    """Revenue is gross, by `domain.order.sales`; days are days of UTC; drift needs the books."""
    book_quotes = QuoteSums()
    orders = quoted = placed = off_trace = 0
    sums: defaultdict[str, defaultdict[str, Decimal]] = defaultdict(new_sums)
    unrecognised, cancelled = new_sums(), new_sums()
    days: defaultdict[tuple[date, str], Tally] = defaultdict(Tally)
    customers: defaultdict[tuple[str, str], Tally] = defaultdict(Tally)
    rules: defaultdict[tuple[str, str], Tally] = defaultdict(Tally)
    returned: defaultdict[str, Counter[str]] = defaultdict(Counter)
    states: Counter[str] = Counter()
    for row in rows:
        own = row.currency or NO_CURRENCY
        for column, currency, amount in _amounts(row):
            sums[column][currency] += amount
        if row.returned_lines:
            returned[own].update(
                lines=row.returned_lines, pieces=row.returned_pieces, unpriced=row.unpriced_pieces
            )
        if row.first_sale:
            orders += 1
            for currency, amount in _sales(row).items():
                days[row.first_sale.astimezone(UTC).date(), currency].add(amount)
                if row.customer:
                    customers[row.customer, currency].add(amount)
                else:
                    unrecognised[currency] += amount
                if row.cancelled:
                    cancelled[currency] += amount
        book_quotes.add(row.order_id, row.quotes)
        quoted += bool(row.quotes)
        placed += any(q.state == "placed" for q in row.quotes)
        for quote in row.quotes:
            states[quote.state] += 1
            states["lapsed"] += quote.state == "open" and quote.expires_at <= now
            off_trace += sum((r.amount for r in quote.by_rule), Decimal(0)) != quote.total
            if quote.state == "placed":
                for rule in quote.by_rule:
                    rules[rule.rule_id, quote.currency].add(rule.amount)
    return PricesFigures(
        orders=orders,
        revenue=by_currency(sums["sold"]),
        revenue_unrecognised=by_currency(unrecognised),
        cancelled=by_currency(cancelled),
        sunk_cost=by_currency(sums["sunk_cost"]),
        changed=by_currency(sums["changed"]),
        returned={
            currency: ReturnFigures(
                value=sums["returned"][currency],
                count=returned[currency]["lines"],
                pieces=returned[currency]["pieces"],
                unpriced=returned[currency]["unpriced"],
            )
            for currency in sorted({*returned, *sums["returned"]})
        },
        adjusted=by_currency(sums["adjusted"]),
        paid=by_currency(sums["paid"]),
        refunded=by_currency(sums["refunded"]),
        quotes=QuoteFigures(
            issued=states.total() - states["lapsed"],
            open=states["open"],
            lapsed=states["lapsed"],
            placed=states["placed"],
            expired=states["expired"],
            replaced=states["replaced"],
            orders=quoted,
            conversion=share(placed, quoted),
            off_trace=off_trace,
        ),
        by_rule=tuple(
            RuleRevenue(rule_id=rule, currency=currency, quotes=t.orders, amount=t.amount)
            for (rule, currency), t in sorted(rules.items())
        ),
        premium=book_quotes.premium(),
        margin=book_quotes.margin(),
        surcharges=book_quotes.surcharge_bands(),
        price_drift=tuple(book_quotes.drift(now, books)) if books else (),
        revenue_by_day=tuple(
            DayRevenue(day=day, currency=currency, orders=t.orders, revenue=t.amount)
            for (day, currency), t in sorted(days.items())
        ),
        revenue_by_customer=tuple(
            CustomerRevenue(customer=id, currency=currency, orders=t.orders, revenue=t.amount)
            for (id, currency), t in sorted(customers.items())
        ),
        unknown=UNKNOWN,
    )


def _amounts(row: PricesRow) -> Iterator[tuple[str, str, Decimal]]:
    """The column, currency and amount of each sum of an order, and of each foreign amount."""
    for column in get_args(Booked):
        if amount := getattr(row, column):
            yield column, row.currency or NO_CURRENCY, amount
    for foreign in row.foreign:
        yield foreign.booked, foreign.currency, foreign.amount


def _sales(row: PricesRow) -> dict[str, Decimal]:
    """The sales of an order by currency; 0 in its own currency if they are all 0."""
    sums = new_sums()
    for column, currency, amount in _amounts(row):
        if column == "sold":
            sums[currency] += amount
    return sums or {row.currency or NO_CURRENCY: Decimal(0)}
