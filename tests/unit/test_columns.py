"""The columns of rows."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Literal
from uuid import UUID

from domain.personal import Personal, Plain, Pseudonym
from infra.postgres.views.columns import columns
from projections.view import Part, Projection, Row


class SamplePart(Part, frozen=True):
    name: Plain[str]


class SampleRow(Row, frozen=True):
    text: Plain[str]
    optional: Pseudonym[str | None]
    state: Plain[Literal["open", "closed"]]
    count: Plain[int]
    share: Plain[float | None]
    amount: Plain[Decimal]
    done: Plain[bool]
    at: Plain[datetime]
    id: Plain[UUID]
    parts: Plain[tuple[SamplePart, ...]]
    words: Personal[tuple[str, ...]]


def test_scalars_have_sql_types_parts_are_json_and_personal_values_are_bytes():
    sample = Projection("sample", 1, SampleRow, answers="Which types do columns have?")
    assert {c.name: c.sql_type for c in columns(sample)} == {
        "text": "text",
        "optional": "text",
        "state": "text",
        "count": "bigint",
        "share": "double precision",
        "amount": "numeric",
        "done": "boolean",
        "at": "timestamptz",
        "id": "uuid",
        "parts": "jsonb",
        "words": "bytea",
    }
