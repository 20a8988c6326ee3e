"""Types of the values in events. Their constraints are what the doors check."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal, get_args

from pydantic import AfterValidator, AwareDatetime, BeforeValidator, Field, WithJsonSchema

_RFC3339 = re.compile(
    r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.(?P<fraction>\d+))?(?P<zone>Z|[+-]\d\d:\d\d)?"
)


def _as_text(value: Any) -> Any:
    """Refuse what is neither text nor a datetime that was parsed before."""
    if isinstance(value, datetime):
        return value
    match = _RFC3339.fullmatch(value) if isinstance(value, str) else None
    if not match:
        raise ValueError("a time is text like 2026-03-01T12:00:00Z")
    if not match["zone"]:
        raise ValueError("the time has no zone: end it with Z or an offset like +01:00")
    if len(match["fraction"] or "") > 6:
        raise ValueError("a time has at most microseconds: shorten the fraction to six digits")
    return value


def _utc(value: datetime) -> datetime:
    try:
        return value.astimezone(UTC)
    except OverflowError:
        raise ValueError("the time is outside the years 1 to 9999 of UTC") from None


# Annotated, because msgspec, which decodes stored events, does not know AwareDatetime.
Time = Annotated[
    datetime,
    AwareDatetime,
    Field(strict=False),
    AfterValidator(_utc),
    BeforeValidator(_as_text),
]
"""A time whose text has a zone; kept in UTC."""

_NO_NUL = r"^[^\x00]*$"
Name = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]
"""A code or an identifier: one line, 1 to 200 characters."""
Text = Annotated[str, Field(max_length=10_000, pattern=_NO_NUL)]
"""Text as a person wrote it: at most 10,000 characters."""
Share = Annotated[float, Field(ge=0, le=1)]
"""A probability or a share, 0 to 1."""
Seconds = Annotated[float, Field(ge=0, le=1e9)]
Quantity = Annotated[int, Field(ge=1, le=1_000_000)]
Count = Annotated[int, Field(ge=0, le=1_000_000)]
SignedQuantity = Annotated[int, Field(ge=-1_000_000, le=1_000_000)]
"""A quantity in an adopted order: negative for pieces that were taken back or written off."""

_MONEY = r"^-?[0-9]{1,15}(\.[0-9]{1,6})?$"
_IS_MONEY = re.compile(_MONEY)


def _as_money(value: Any) -> Any:
    """Refuse numbers: many readers of JSON make binary floating point of them."""
    if isinstance(value, Decimal):
        return value
    if not isinstance(value, str):
        raise ValueError('money is text, not a number: write it like "12.50"')
    if not _IS_MONEY.fullmatch(value):
        raise ValueError('money is text like "12.50", with at most six decimals')
    return Decimal(value)


def number(text: str) -> Decimal | None:
    """Return the number that a text of digits, with at most six decimals, is; otherwise None."""
    return Decimal(text) if _IS_MONEY.fullmatch(text) else None


Money = Annotated[
    Decimal,
    Field(strict=True),
    BeforeValidator(_as_money),
    WithJsonSchema({"type": "string", "pattern": _MONEY, "maxLength": 23}),
]
"""An amount, or a price for a piece, of a currency that another field names.

It has at most six decimals: Python may write more as "1E-7", which others do not read as money.
"""
Currency = Annotated[str, Field(max_length=3, pattern=r"^[A-Z]{3}$")]
"""A code of ISO 4217."""

Origin = Literal["direct", "observed", "third_party"]
ChoiceSpace = Literal["closed", "parametric", "free_form", "contributed_content", "intake"]
Target = Literal["product", "service", "experience"]
Stage = Literal["pre_manufacture", "packaging", "delivery", "in_use"]
Collaboration = Literal["none", "intake_ranked", "dialogue"]

Purpose = Literal["fulfil", "personalize", "analyse", "append_third_party"]
"""What a customer's data may be used for, with their consent."""
PURPOSES: tuple[Purpose, ...] = get_args(Purpose)
