"""The figures of loyalty, against small examples."""

from __future__ import annotations

import math
from decimal import Decimal

import pytest

from domain.customer.events import ContentContributed, ContentRemoved, ContentReused
from domain.order.events import OrderCancelled
from domain.order.reports import OrderLineAdopted
from tests.unit.log import CHOICE, DAY, T0, figures, recorded


def bought(customer, order, days, amount, line="1"):
    sale = OrderLineAdopted(
        line_id=line, product="p", quantity=1, unit_price=Decimal(amount), currency="GBP",
        origin="shop",
    )  # fmt: skip
    return recorded(f"order/{order}", sale, T0 + days * DAY, customer)


SHOP = [
    bought("ann", "a2", 31, 5),  # reported first
    bought("ann", "a1", 1, 20, line="2"),
    bought("ann", "a1", -1, 10),
    bought("bob", "b1", 2, 1),
    bought("bob", "b2", 70, 1),
    bought("bob", "b3", 71, 1),
    bought("cyd", "c1", 40, 100),
    bought("dan", "d1", 3, 2),
    recorded("order/d1", OrderCancelled(), T0 + 4 * DAY, "dan"),
    bought(None, "x1", 3, 2),
]


def test_a_customer_with_two_orders_is_a_repeat_customer():
    loyalty = figures("loyalty", SHOP)
    assert (loyalty.customers, loyalty.repeat_customers, loyalty.orders) == (3, 2, 6)
    assert loyalty.repeat_rate == 2 / 3


def test_retention_is_by_the_month_of_the_first_order():
    cohorts = figures("loyalty", SHOP).cohorts
    assert [(c.month, c.customers, c.active) for c in cohorts] == [
        ("2026-03", 2, (2, 1, 1)), ("2026-04", 1, (1,)),
    ]  # fmt: skip
    assert cohorts[0].retention == (1.0, 0.5, 0.5)


def test_recency_frequency_and_money():
    scores = {t.customer: t for t in figures("loyalty", SHOP, T0 + 80 * DAY).rfm}
    ann, bob = scores["ann"], scores["bob"]
    assert (ann.recency_days, ann.frequency, ann.monetary) == (49, 2, Decimal(35))
    assert (bob.recency_days, bob.frequency, bob.monetary) == (9, 3, Decimal(3))
    assert {c: t.score for c, t in scores.items()} == {"ann": "122", "bob": "441", "cyd": "214"}


def content(item, effort_s, portable):
    return ContentContributed(
        kind="payee", item_id=item, portable=portable,
        **{**CHOICE, "choice_space": "contributed_content", "effort_s": effort_s},
    )  # fmt: skip


def test_time_to_rebuild_counts_used_content_that_is_not_portable():
    item = {"kind": "payee", "item_id": "p1"}
    loyalty = figures("loyalty", [
        recorded("customer/ann", ContentReused(**item)),  # reported before the content itself
        recorded("customer/ann", content("p1", 500, 0.5)),
        recorded("customer/ann", content("p1", 100, 0.5)),
        *(recorded("customer/ann", ContentReused(**item)) for _ in range(2)),
        recorded("customer/ann", content("p2", 9000, 0.0)),  # never used
        recorded("customer/bob", content("p3", 60, 0.0)),
        recorded("customer/bob", ContentReused(kind="payee", item_id="p3")),
        recorded("customer/bob", ContentRemoved(kind="payee", item_id="p3")),
    ])  # fmt: skip
    [ann] = loyalty.rebuild
    assert (ann.customer, ann.items) == ("ann", 2)
    assert ann.seconds == pytest.approx(600 * 0.5 * (1 - 1 / math.e))
    assert loyalty.rebuild_s == ann.seconds
    assert loyalty.customers == 0
