"""A book that has a price rule of every kind, and lines that it prices."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal as D

from domain.book.book import Book, Option, PriceRule, Range, Selection, Term
from domain.pricing.engines import CURRENT
from domain.pricing.request import Conditions, PriceRequest

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
    """A shop with these price rules; without any, with all of `RULES`."""
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


def price_request(lines, conditions=NOON, instructions=(), under=None):
    """A request to price the lines under a book, by default that of all `RULES`."""
    under = under or book()
    return PriceRequest(
        book=under.book, version=under.version, conditions=conditions, selections=tuple(lines),
        instructions=tuple(instructions),
    )  # fmt: skip


def priced(*lines, conditions=NOON, instructions=(), under=None):
    """Lines, total and trace by the current engine."""
    under = under or book()
    return CURRENT.price(price_request(lines, conditions, instructions, under), under)
