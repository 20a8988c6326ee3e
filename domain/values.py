"""The kinds of values that events carry, with what a door refuses of each."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, AwareDatetime, BeforeValidator, Field

_RFC3339 = re.compile(
    r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.(?P<fraction>\d+))?(?P<zone>Z|[+-]\d\d:\d\d)?"
)


def _as_text(value: Any) -> Any:
    """Only text is a time at the door; what is in memory already has been through here."""
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


# A datetime by its hint: msgspec, which replays, does not know pydantic's AwareDatetime.
Time = Annotated[
    datetime,
    AwareDatetime,
    Field(strict=False),
    AfterValidator(_utc),
    BeforeValidator(_as_text),
]
"""A moment, with its zone in the text; kept in UTC."""

_NO_NUL = r"^[^\x00]*$"
Name = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]
"""A code or an identifier: one line, 1 to 200 characters."""
Text = Annotated[str, Field(max_length=10_000, pattern=_NO_NUL)]
"""Words as a person wrote them: at most 10,000 characters."""
Share = Annotated[float, Field(ge=0, le=1)]
"""A probability or a share, 0 to 1."""
Seconds = Annotated[float, Field(ge=0, le=1e9)]
Quantity = Annotated[int, Field(ge=1, le=1_000_000)]

Origin = Literal["direct", "observed", "third_party"]
ChoiceSpace = Literal["closed", "parametric", "free_form", "contributed_content", "intake"]
Target = Literal["product", "service", "experience"]
Stage = Literal["pre_manufacture", "packaging", "delivery", "in_use"]
Collaboration = Literal["none", "intake_ranked", "dialogue"]
