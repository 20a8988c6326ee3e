"""Why a price engine has no price, in words: engines are frozen, and these words are not."""

from __future__ import annotations

from decimal import Decimal

from domain.errors import NotAllowed, PriceInputMissing, PriceMissing


def no_base_price(book: str, line_id: str, product: str) -> NotAllowed:
    return PriceMissing(
        f"the book {book} has no base price for line {line_id}, product {product}: "
        "choose what the book prices, or add a base rule to its next version",
        "lines",
        line_id=line_id,
        product=product,
    )


def out_of_bounds(line_id: str, amount: Decimal) -> NotAllowed:
    return NotAllowed(
        f"line {line_id} would cost {amount}, which is negative or has more than 15 digits: "
        "correct the price rules in the next version of the book",
        "book",
    )


def no_rate(rule_id: str, currency: str) -> NotAllowed:
    return PriceInputMissing(
        f"price rule {rule_id} is in {currency}: give the rate of exchange of {currency}",
        "rates",
        rule_id=rule_id,
        currency=currency,
    )


def no_load(rule_id: str) -> NotAllowed:
    return PriceInputMissing(
        f"price rule {rule_id} depends on the load of the plant: give the load, 0 or more",
        "load",
        rule_id=rule_id,
    )


def no_lead_time(rule_id: str) -> NotAllowed:
    return PriceInputMissing(
        f"price rule {rule_id} depends on the lead time: give the days until delivery",
        "lead_days",
        rule_id=rule_id,
    )


def no_number(option: str, line_id: str) -> NotAllowed:
    return NotAllowed(
        f"option {option} of line {line_id} is not a number: choose one like 450 or 12.5", "value"
    )


def unreadable_inputs(error: Exception) -> NotAllowed:
    return NotAllowed(
        f"the inputs of the quote cannot be read ({type(error).__name__}): they are not as they "
        "were stored; verify the log and restore it",
        "inputs",
    )


def unknown_engine(engine: str, available: str) -> NotAllowed:
    return NotAllowed(
        f"this release has no price engine {engine}, only {available}: "
        "use the release that issued the quote, or a later one",
        "engine_version",
    )
