"""A book that has a rule of every kind, and orders under it, for tests of prices."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal as D

from domain.book.book import Book, Option, PriceRule, Range, Selection, Term
from domain.pricing.pricing import Conditions

T0 = datetime(2026, 3, 1, 12, tzinfo=UTC)
NOON = Conditions(clock=T0, load=D("0.5"), lead_days=30)


def term(option, *values):
    return Term(option=option, values=values)


def rule(rule_id, step, *when, **more):
    money = {"amount", "share", "free", "from_load", "cost"}
    more = {k: D(v) if k in money else v for k, v in more.items()}
    return PriceRule(rule_id=rule_id, words=f"{rule_id}, in words", step=step, when=when, **more)


OPTIONS = (
    Option(option="fabric", label="Fabric", stage="pre_manufacture", values=("cotton", "silk")),
    Option(option="collar", label="Collar", stage="pre_manufacture", values=("kent", "mao")),
    Option(
        option="sleeve", label="Sleeve", stage="pre_manufacture", choice_space="parametric",
        range=Range(minimum=D(400), maximum=D(900), unit="mm"),
    ),
    Option(
        option="monogram", label="Monogram", stage="packaging", values=("serif", "sans"),
        text_limit=12,
    ),
)  # fmt: skip
RULES = (
    rule("shirt", "base", term("product", "shirt"), amount="80.00", cost="31.50"),
    rule("scarf", "base", term("product", "scarf"), amount="25.99"),
    rule("silk", "option", term("fabric", "silk"), amount="19.99", cost="12.00"),
    rule("stiff", "combination", term("fabric", "silk"), term("collar", "mao"), amount="3.333"),
    rule("long", "parametric", per="sleeve", free="600", amount="0.015"),
    rule("letters", "parametric", per="monogram", free="2", amount="1.50"),
    rule("from-5", "volume", from_quantity=5, share="-0.03"),
    rule("from-20", "volume", from_quantity=20, share="-0.05"),
    rule("spring", "time", starts=T0, ends=T0.replace(month=4), share="-0.10"),
    rule("busy", "capacity", from_load="0.8", share="0.07"),
    rule("very-busy", "capacity", from_load="0.95", share="0.15"),
    rule("hurry", "capacity", within_days=7, amount="9.00"),
    rule("regular", "discount", term("collar", "kent"), share="-0.125"),
    rule("vat", "tax", share="0.19"),
)


def book(*rules, **more):
    """With no rules named, all of them."""
    return Book(**{
        "book": "shop", "version": 1, "currency": "EUR", "rounding": "half_up", "places": 2,
        "products": ("shirt", "scarf"), "effective_from": T0, "options": OPTIONS,
        "prices": rules or RULES, **more,
    })  # fmt: skip


def line(line_id="L1", product="shirt", quantity=1, monogram=0, **options):
    lengths = {"monogram": monogram} if monogram else {}
    return Selection(
        line_id=line_id, product=product, quantity=quantity,
        options={**options, **({"monogram": "serif"} if monogram else {})}, lengths=lengths,
    )  # fmt: skip
