"""The figures of prices, against sums by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from domain.order import events as e
from domain.order import reports as r
from domain.pricing.quote import QuoteLine, TraceLine
from tests.unit.log import CHOICE, DAY, HOUR, T0, figures, fold, recorded

GBP = {"currency": "GBP", "origin": "shop"}


def line(id, quantity, price, **more):
    return r.OrderLineAdopted(
        line_id=id, product="p", quantity=quantity, unit_price=Decimal(price), **{**GBP, **more}
    )


def returned(*lines, currency="GBP"):
    return_lines = tuple(
        r.ReturnLine(product="p", quantity=q, unit_price=p and Decimal(p)) for q, p in lines
    )
    return r.ReturnReported(lines=return_lines, currency=currency)


def quoted(id, total, expires=T0 + DAY, adder="0"):
    trace = (
        TraceLine(rule_id="base", basis="L1", amount=Decimal(total) - Decimal(adder)),
        TraceLine(rule_id="monogram", basis="L1", amount=Decimal(adder)),
    )
    return e.QuoteIssued(
        quote_id=id, lines=(QuoteLine(line_id="L1", amount=Decimal(total)),),
        total=Decimal(total), currency="EUR", inputs=(), inputs_hash="h", configuration_hash="h",
        engine_version="given.v1", trace=trace, expires_at=expires,
    )  # fmt: skip


def placed(id, total):
    return e.OrderPlaced(quote_id=id, total=Decimal(total), currency="EUR")


SHOP = [
    recorded("order/1", line("1", 6, "2.55"), T0 + DAY, "ann"),
    recorded("order/1", line("2", 3, "0.001"), T0, "ann"),  # reported later, sold earlier
    recorded("order/1", line("3", -1, "2.55"), T0, "ann"),
    recorded("order/2", line("1", 1, "10"), T0 + DAY, "ann"),
    recorded("order/3", line("1", 2, "4.20"), T0, None),
    recorded("order/4", r.OrderAdopted(lines=(r.AdoptedLine(line_id="1", product="p", quantity=1,
         unit_price=Decimal(7)),), total=Decimal("7.50"), **GBP), T0, "bob"),
    recorded("order/C1", returned((2, "2.55"), (1, None)), T0, "ann"),
    recorded("order/A1",
             r.OrderAdjusted(amount=Decimal("-11.06"), cause="bad-debt", currency="GBP")),
    recorded("order/5", quoted("Q1", "70.50", adder="5.50"), T0, "cyd"),
    recorded("order/5", placed("Q1", "70.50"), T0 + DAY, "cyd"),
]  # fmt: skip


def test_revenue_is_the_sum_of_sales_without_returns_and_adjustments():
    result = figures("prices", SHOP)
    assert result.orders == 5
    assert result.revenue == {"EUR": Decimal("70.50"), "GBP": Decimal("38.653")}
    assert result.revenue_unrecognised == {"GBP": Decimal("8.40")}
    assert result.adjusted == {"GBP": Decimal("-11.06")}
    returns = result.returned["GBP"]
    assert (returns.value, returns.count, returns.pieces, returns.unpriced) == (
        Decimal("5.10"),
        2,
        3,
        1,
    )


def test_an_order_counts_on_the_day_of_its_first_sale():
    days = [
        (d.day, d.currency, d.orders, d.revenue) for d in figures("prices", SHOP).revenue_by_day
    ]
    assert days == [
        (date(2026, 3, 2), "GBP", 3, Decimal("28.653")),
        (date(2026, 3, 3), "EUR", 1, Decimal("70.50")),
        (date(2026, 3, 3), "GBP", 1, Decimal("10")),
    ]


def test_revenue_by_customer_leaves_out_orders_without_a_customer():
    by_customer = figures("prices", SHOP).revenue_by_customer
    assert [(c.customer, c.currency, c.orders, c.revenue) for c in by_customer] == [
        ("ann", "GBP", 2, Decimal("22.753")),
        ("bob", "GBP", 1, Decimal("7.50")),
        ("cyd", "EUR", 1, Decimal("70.50")),
    ]


def test_quotes_are_counted_by_what_became_of_them():
    result = figures("prices", [
        recorded("order/1", quoted("Q1", "50")),
        recorded("order/1", quoted("Q2", "60", adder="10")),
        recorded("order/1", placed("Q2", "60")),
        recorded("order/2", quoted("Q1", "40", expires=T0 - HOUR)),
        recorded("order/2", e.QuoteExpired(quote_id="Q1")),
        recorded("order/2", quoted("Q2", "45")),
        recorded("order/3", quoted("Q1", "30", expires=T0)),
        recorded("order/4", quoted("Q1", "20")),
    ])  # fmt: skip
    quotes = result.quotes
    assert (quotes.issued, quotes.placed, quotes.expired, quotes.replaced) == (6, 1, 1, 1)
    assert (quotes.open, quotes.lapsed, quotes.off_trace) == (3, 1, 0)
    assert (quotes.orders, quotes.conversion) == (4, 0.25)
    assert [(x.rule_id, x.quotes, x.amount) for x in result.by_rule] == [
        ("base", 1, Decimal(50)), ("monogram", 1, Decimal(10)),
    ]  # fmt: skip


def test_a_quote_whose_trace_does_not_add_up_to_its_total_is_counted():
    quote = replace(quoted("Q1", "50"), total=Decimal("50.01"))
    assert figures("prices", [recorded("order/1", quote)]).quotes.off_trace == 1


def test_changes_cancellations_payments_and_refunds_are_sums_of_their_own():
    requested = [
        e.ChangeOrderRequested(change_id=id, line_id="L1", option="o", value="v",
                               delta_price=Decimal(delta), **CHOICE)
        for id, delta in (("X1", "5"), ("X2", "100"), ("X3", "7"))
    ]  # fmt: skip
    events = [
        quoted("Q1", "50"), placed("Q1", "50"), *requested, e.ChangeOrderApproved(change_id="X1"),
        e.ChangeOrderRejected(change_id="X2"), e.ChangeOrderApproved(change_id="X1"),
        r.PaymentRecorded(amount=Decimal(55), currency="EUR"),
        e.RefundIssued(refund_id="F1", amount=Decimal(3), currency="EUR"),
        e.OrderCancelled(sunk_cost=Decimal("4.50"), currency="EUR"),
    ]  # fmt: skip
    result = figures("prices", [recorded("order/1", data) for data in events])
    assert result.revenue == result.cancelled == {"EUR": Decimal(50)}
    assert result.changed == {"EUR": Decimal(5)}
    assert (result.paid, result.refunded) == ({"EUR": Decimal(55)}, {"EUR": Decimal(3)})
    assert result.sunk_cost == {"EUR": Decimal("4.50")}


def test_another_currency_is_never_added_to_that_of_the_order():
    result = figures("prices", [
        recorded("order/1", line("1", 1, "10"), customer="ann"),
        recorded("order/1", line("2", 1, "4", currency="EUR"), customer="ann"),
        recorded("order/1", returned((1, "4"), currency="EUR"), customer="ann"),
        recorded("order/2", r.PaymentRecorded(amount=Decimal(1), currency="EUR"), customer="ann"),
        recorded("order/2", line("1", 1, "3"), customer="ann"),
    ])  # fmt: skip
    assert result.revenue == {"EUR": Decimal(4), "GBP": Decimal(13)}
    assert result.returned["EUR"].value == Decimal(4)
    assert [(c.currency, c.orders) for c in result.revenue_by_customer] == [
        ("EUR", 1),
        ("GBP", 2),
    ]


prices = st.decimals(min_value=0, max_value=1000, places=3)
reports = st.one_of(
    st.builds(lambda q, p: line("1", q, p), st.integers(-20, 20), prices),
    st.builds(lambda q, p: returned((q, p)), st.integers(0, 20), prices),
    st.builds(lambda a: r.OrderAdjusted(amount=a, currency="GBP", cause="x"), prices),
)


@given(
    st.lists(st.tuples(st.integers(1, 3), st.integers(0, 2), reports), max_size=12).flatmap(
        lambda reported: st.tuples(st.just(reported), st.permutations(reported))
    )
)
def test_sums_do_not_depend_on_the_order_of_reports_and_parts_add_up_to_them(orders_of_reports):
    first, second = (
        figures("prices", [recorded(f"order/{o}", data, T0 + day * DAY, f"c{o}")
                           for o, day, data in reports])
        for reports in orders_of_reports
    )  # fmt: skip
    assert first == second
    assert sum(d.orders for d in first.revenue_by_day) == first.orders
    for parts in (first.revenue_by_day, first.revenue_by_customer):
        assert sum(p.revenue for p in parts) == sum(first.revenue.values())


def test_a_row_has_its_customer_and_the_time_of_its_first_sale():
    rows = fold("prices", SHOP)
    assert set(rows) == {"1", "2", "3", "4", "5", "C1", "A1"}
    assert (rows["1"].customer, rows["1"].first_sale) == ("ann", T0)
