"""The price engine given.v1: the price of each line is given by whoever asks for the quote."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from decimal import Decimal

import msgspec

from domain.pricing.quote import QuoteFields, QuoteInput, QuoteLine, TraceLine

VERSION = "given.v1"
RULE = "given"
"""The rule id of every line of the trace."""


def quote(
    lines: tuple[QuoteLine, ...], currency: str, inputs: tuple[QuoteInput, ...]
) -> QuoteFields:
    """The computed fields of a quote: its total is the sum of the given prices."""
    return {
        "lines": lines,
        "total": sum((line.amount for line in lines), Decimal(0)),
        "currency": currency,
        "inputs": inputs,
        "inputs_hash": _inputs_hash(inputs),
        "engine_version": VERSION,
        "trace": tuple(
            TraceLine(rule_id=RULE, basis=line.line_id, amount=line.amount) for line in lines
        ),
    }


def _inputs_hash(inputs: Sequence[QuoteInput]) -> str:
    """SHA-256, in hex, of the names and values as JSON."""
    pairs = [{"name": each.name, "value": each.value} for each in inputs]
    return hashlib.sha256(msgspec.json.encode(pairs)).hexdigest()
