"""Pages of lists that are in memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated, TypeVar

import msgspec
from fastapi import Query

from domain.errors import Malformed

Limit = Annotated[int, Query(ge=1, le=1000, description="Rows in a page, at most.")]
Page = Annotated[str | None, Query(description="`next` of the page before.")]
T = TypeVar("T")


def page_of(
    rows: Sequence[T], identity: Callable[[T], object], page: str | None, limit: int
) -> tuple[Sequence[T], str | None]:
    """The rows after a page, and the next page; None at the end.

    A page is named by the identity of its last row, so that rows which disappear before it do not
    make others slip through. Raises Malformed where that row itself has disappeared.
    """
    start = 0 if page is None else _after(rows, identity, page)
    end = start + limit
    return rows[start:end], _name(identity(rows[end - 1])) if end < len(rows) else None


def _after(rows: Sequence[T], identity: Callable[[T], object], page: str) -> int:
    for number, row in enumerate(rows, 1):
        if _name(identity(row)) == page:
            return number
    raise Malformed(
        "page: this list has no such page, or its last row has been dealt with: start again "
        "without a page",
        "page",
    )


def _name(identity: object) -> str:
    return msgspec.json.encode(identity).hex()
