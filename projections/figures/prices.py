"""What was sold, what came back, and what became of quotes."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Annotated

from projections.figures.measures import NO_CURRENCY, Money, Tally, money, share, shown
from projections.figures.quoted import Band, BookVersions, Drift, Margin, Premium, Quoted
from projections.prices import PricesRow

BY_BOOKS = True
UNKNOWN = ("premium, margin, drift: only of quotes that a book priced, without change orders",)


@dataclass(frozen=True, slots=True, kw_only=True)
class OfDay:
    day: date
    currency: str
    orders: int
    revenue: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class OfCustomer:
    customer: str
    currency: str
    orders: int
    revenue: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Returned:
    """`count` is lines; of the `pieces`, `unpriced` named no price and add nothing to `value`."""

    value: Decimal
    count: int
    pieces: int
    unpriced: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Quotes:
    """`conversion` is the share of quoted orders that were placed; `lapsed` ones are open still."""

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
class OfRule:
    rule_id: str
    currency: str
    quotes: int
    amount: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class PricesFigures:
    orders: Annotated[int, "How many orders have a sale?"]
    revenue: Annotated[Money, "What was sold, before anything was cancelled or returned?"]
    revenue_unrecognised: Annotated[Money, "How much of it was sold to nobody we know?"]
    cancelled: Annotated[Money, "How much of it was cancelled?"]
    sunk_cost: Annotated[Money, "What had been spent on orders that were cancelled?"]
    changed: Annotated[Money, "What did approved change orders add?"]
    returned: Annotated[dict[str, Returned], "What came back?"]
    adjusted: Annotated[Money, "What changed in money without goods?"]
    paid: Annotated[Money, "What was paid?"]
    refunded: Annotated[Money, "What was refunded?"]
    quotes: Annotated[Quotes, "What became of quotes? Off trace: its lines do not make the total."]
    by_rule: Annotated[tuple[OfRule, ...], "Which rule made how much of what was placed?"]
    premium: Annotated[
        tuple[Premium, ...], "How much of what was placed did customers pay for their choices?"
    ]
    margin: Annotated[tuple[Margin, ...], "What is left of it, where the book knows the cost?"]
    surcharges: Annotated[
        tuple[Band, ...], "How many quotes were placed, by the surcharge in them?"
    ]
    price_drift: Annotated[
        tuple[Drift, ...], "What would the orders of older books cost today, in all and by rule?"
    ]
    revenue_by_day: Annotated[
        tuple[OfDay, ...], "What was sold on each day? An order counts on that of its first sale."
    ]
    revenue_by_customer: Annotated[tuple[OfCustomer, ...], "What was sold to whom?"]
    unknown: Annotated[tuple[str, ...], "What can nobody say from the events there are?"]


def figures(
    rows: Iterable[PricesRow], now: datetime, books: BookVersions | None = None
) -> PricesFigures:
    """Revenue is gross, by `domain.order.sales`; days are days of UTC; drift needs the books."""
    priced = Quoted()
    orders = quoted = bought = off_trace = 0
    sums: defaultdict[str, defaultdict[str, Decimal]] = defaultdict(money)
    unrecognised, cancelled = money(), money()
    days: defaultdict[tuple[date, str], Tally] = defaultdict(Tally)
    customers: defaultdict[tuple[str, str], Tally] = defaultdict(Tally)
    rules: defaultdict[tuple[str, str], Tally] = defaultdict(Tally)
    returned: defaultdict[str, Counter[str]] = defaultdict(Counter)
    states: Counter[str] = Counter()
    for row in rows:
        own = row.currency or NO_CURRENCY
        for booked, currency, amount in _amounts(row):
            sums[booked][currency] += amount
        if row.returned_lines:
            returned[own].update(
                lines=row.returned_lines, pieces=row.returned_pieces, unpriced=row.unpriced_pieces
            )
        if row.first_sale:
            orders += 1
            for currency, amount in _sold(row).items():
                days[row.first_sale.astimezone(UTC).date(), currency].add(amount)
                if row.customer:
                    customers[row.customer, currency].add(amount)
                else:
                    unrecognised[currency] += amount
                if row.cancelled:
                    cancelled[currency] += amount
        priced.add(row.order_id, row.quotes)
        quoted += bool(row.quotes)
        bought += any(q.state == "placed" for q in row.quotes)
        for quote in row.quotes:
            states[quote.state] += 1
            states["lapsed"] += quote.state == "open" and quote.expires_at <= now
            off_trace += sum((r.amount for r in quote.by_rule), Decimal(0)) != quote.total
            if quote.state == "placed":
                for rule in quote.by_rule:
                    rules[rule.rule_id, quote.currency].add(rule.amount)
    return PricesFigures(
        orders=orders,
        revenue=shown(sums["sold"]),
        revenue_unrecognised=shown(unrecognised),
        cancelled=shown(cancelled),
        sunk_cost=shown(sums["sunk_cost"]),
        changed=shown(sums["changed"]),
        returned={
            currency: Returned(
                value=sums["returned"][currency],
                count=returned[currency]["lines"],
                pieces=returned[currency]["pieces"],
                unpriced=returned[currency]["unpriced"],
            )
            for currency in sorted({*returned, *sums["returned"]})
        },
        adjusted=shown(sums["adjusted"]),
        paid=shown(sums["paid"]),
        refunded=shown(sums["refunded"]),
        quotes=Quotes(
            issued=states.total() - states["lapsed"],
            open=states["open"],
            lapsed=states["lapsed"],
            placed=states["placed"],
            expired=states["expired"],
            replaced=states["replaced"],
            orders=quoted,
            conversion=share(bought, quoted),
            off_trace=off_trace,
        ),
        by_rule=tuple(
            OfRule(rule_id=rule, currency=currency, quotes=t.orders, amount=t.amount)
            for (rule, currency), t in sorted(rules.items())
        ),
        premium=priced.premium(),
        margin=priced.margin(),
        surcharges=priced.bands(),
        price_drift=tuple(priced.drift(now, books)) if books else (),
        revenue_by_day=tuple(
            OfDay(day=day, currency=currency, orders=t.orders, revenue=t.amount)
            for (day, currency), t in sorted(days.items())
        ),
        revenue_by_customer=tuple(
            OfCustomer(customer=whose, currency=currency, orders=t.orders, revenue=t.amount)
            for (whose, currency), t in sorted(customers.items())
        ),
        unknown=UNKNOWN,
    )


_BOOKED = ("sold", "changed", "returned", "adjusted", "paid", "refunded", "sunk_cost")


def _amounts(row: PricesRow) -> Iterator[tuple[str, str, Decimal]]:
    """Everything that is booked on an order, in its own currency and in others."""
    for booked in _BOOKED:
        if amount := getattr(row, booked):
            yield booked, row.currency or NO_CURRENCY, amount
    for other in row.foreign:
        yield other.booked, other.currency, other.amount


def _sold(row: PricesRow) -> dict[str, Decimal]:
    """What an order sold, by currency; in its own were it for nothing."""
    sums = money()
    for booked, currency, amount in _amounts(row):
        if booked == "sold":
            sums[currency] += amount
    return sums or {row.currency or NO_CURRENCY: Decimal(0)}
