"""The figures of prices that need the books, against sums by hand."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal as D
from functools import reduce

from domain.book.book import Book, OrderLine
from domain.order import decide
from domain.order import events as e
from domain.order.state import Order, evolve
from domain.pricing.quote import QuoteLine
from projections import figures as all_figures
from projections.prices import prices
from tests.unit.books import book, rule, term
from tests.unit.log import DAY, T0, recorded
from tests.unit.test_order import FACTS

SHIRT = rule("shirt", "base", amount="80.00", cost="31.50")
OTHERS = (
    rule("silk", "option", term("fabric", "silk"), amount="20.00", cost="12.00"),
    rule("busy", "capacity", from_load="0.8", share="0.10"),
    rule("vat", "tax", share="0.20"),
)
BOOK = book(SHIRT, *OTHERS)
DEARER = book(replace(SHIRT, amount=D(100)), *OTHERS, version=2)
SILK = e.OptionChosen(line_id="L1", option="fabric", value="silk",
                      **{**FACTS, "stage": "pre_manufacture"})  # fmt: skip


@dataclass(frozen=True)
class Published:
    book: Book

    def current(self, name, at):
        return self.book if name == self.book.book else None


def order(id, load, *choices, product="shirt", place=True):
    line = OrderLine(line_id="L1", product=product)
    events = [e.OrderDrafted(lines=(line,), book="shop"), *choices]
    state = reduce(lambda s, data: evolve(s, data, T0), events, Order())
    [quote] = decide.quote(
        state, quote_id="Q1", expires_at=T0 + DAY, load=D(load), book=BOOK, now=T0,
        configuration_hash="h",
    )  # fmt: skip
    events.append(quote)
    if place:
        events.append(e.OrderPlaced(quote_id="Q1", total=quote.total, currency="EUR"))
    return [recorded(f"order/{id}", data) for data in events]


SHOP = [*order("1", "0.5", SILK), *order("2", "0.9"), *order("3", "0.9", SILK, place=False)]


def price_figures(events, of=DEARER):
    rows = prices.fold(events).values()
    return all_figures.definition_of("prices").figures(rows, T0 + DAY, Published(of))


def test_premium_and_margin_are_of_placed_quotes():
    [premium] = price_figures(SHOP).premium
    assert (premium.adders, premium.total) == (D(20), D("225.60"))
    assert premium.share == 20 / 225.6
    [margin] = price_figures(SHOP).margin
    assert (margin.charged, margin.cost, margin.margin) == (D(180), D(75), D(105))
    assert margin.unknown == 0


def test_conversion_is_by_the_surcharge_of_the_quote():
    surcharges = price_figures(SHOP).surcharges
    assert [(b.surcharge, b.quotes, b.placed, b.conversion) for b in surcharges] == [
        ("-", 1, 1, 1.0), ("busy", 2, 1, 0.5),
    ]  # fmt: skip


def test_a_fixed_basket_is_priced_by_the_book_of_today():
    drift = price_figures(SHOP).price_drift
    assert {d.rule_id: (d.before, d.after, d.index) for d in drift} == {
        None: (D("225.60"), D("276.00"), 276 / 225.6),
        "shirt": (D(160), D(200), 1.25),
        "silk": (D(20), D(20), 1.0),
        "busy": (D(8), D(10), 1.25),
        "vat": (D("37.60"), D(46), 46 / 37.6),
    }
    assert {(d.version, d.current, d.quotes, d.left_out) for d in drift} == {(1, 2, 2, 0)}
    assert price_figures(SHOP, of=BOOK).price_drift == ()
    hats = replace(DEARER, prices=(replace(SHIRT, when=(term("product", "scarf"),)), *OTHERS))
    assert {(d.quotes, d.left_out, d.index) for d in price_figures(SHOP, of=hats).price_drift} == {
        (0, 2, None)
    }


def test_a_quote_with_given_prices_has_no_premium():
    line = QuoteLine(line_id="L1", amount=D(9))
    state = evolve(Order(), e.OrderDrafted(lines=(OrderLine(line_id="L1", product="hat"),)), T0)
    [quote] = decide.quote(
        state, quote_id="Q1", lines=[line], currency="EUR", expires_at=T0 + DAY, now=T0,
        configuration_hash="h",
    )  # fmt: skip
    result = price_figures(
        [recorded("order/1", quote), recorded("order/1", e.OrderPlaced(quote_id="Q1"))]
    )
    assert result.premium == result.margin == result.surcharges == result.price_drift == ()
