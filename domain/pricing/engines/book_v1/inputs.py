"""A price request as the inputs of a quote, and read from them again.

A customer's text is written as its length alone, so quotes can be verified after an erasure.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal

import msgspec

from domain.book.book import Selection
from domain.pricing import refusals
from domain.pricing.quote import QuoteInput
from domain.pricing.request import Conditions, PricedInstruction, PriceRequest


class StoredLine(msgspec.Struct):
    """The storage format of an order line: the part of a selection that prices depend on."""

    line_id: str
    product: str
    quantity: int
    options: dict[str, str]
    lengths: dict[str, int]


class StoredInstruction(msgspec.Struct):
    """The storage format of an accepted instruction."""

    instruction_id: str
    line_id: str | None
    operations: tuple[str, ...]
    amount: Decimal


_encode = msgspec.json.Encoder(decimal_format="string", order="deterministic").encode
_decode_line = msgspec.json.Decoder(StoredLine).decode
_decode_instruction = msgspec.json.Decoder(StoredInstruction).decode


def quote_inputs(request: PriceRequest) -> tuple[QuoteInput, ...]:
    """Everything that the price depends on; the same for any order of lines and choices."""
    conditions = request.conditions
    pairs = [
        ("book", request.book),
        ("version", str(request.version)),
        ("clock", conditions.clock.isoformat()),
    ]
    if conditions.load is not None:
        pairs.append(("load", str(conditions.load)))
    if conditions.lead_days is not None:
        pairs.append(("lead_days", str(conditions.lead_days)))
    pairs += [(f"rate {c}", str(rate)) for c, rate in sorted(conditions.rates.items())]
    for line in sorted(request.selections, key=lambda s: s.line_id):
        stored_line = StoredLine(
            line.line_id, line.product, line.quantity, line.options, line.lengths
        )
        pairs.append(("line", _encode(stored_line).decode()))
    for each in sorted(request.instructions, key=lambda i: i.instruction_id):
        stored = StoredInstruction(each.instruction_id, each.line_id, each.operations, each.amount)
        pairs.append(("instruction", _encode(stored).decode()))
    return tuple(QuoteInput(name=name, value=value) for name, value in pairs)


def price_request(inputs: Iterable[QuoteInput]) -> PriceRequest:
    """The request that `quote_inputs` wrote. Raise NotAllowed for inputs it cannot have written."""
    single: dict[str, str] = {}
    rates: dict[str, Decimal] = {}
    lines: list[Selection] = []
    instructions: list[PricedInstruction] = []
    try:
        for each in inputs:
            name, _, currency = each.name.partition(" ")
            match name:
                case "line":
                    line = _decode_line(each.value)
                    lines.append(Selection(**msgspec.structs.asdict(line)))
                case "instruction":
                    instruction = _decode_instruction(each.value)
                    instructions.append(PricedInstruction(**msgspec.structs.asdict(instruction)))
                case "rate":
                    rates[currency] = Decimal(each.value)
                case _:
                    single[name] = each.value
        return PriceRequest(
            book=single["book"],
            version=int(single["version"]),
            conditions=Conditions(
                clock=datetime.fromisoformat(single["clock"]),
                load=Decimal(single["load"]) if "load" in single else None,
                lead_days=int(single["lead_days"]) if "lead_days" in single else None,
                rates=rates,
            ),
            selections=tuple(lines),
            instructions=tuple(instructions),
        )
    except (KeyError, ValueError, ArithmeticError, msgspec.DecodeError) as error:
        raise refusals.unreadable_inputs(error) from None


def inputs_hash(inputs: Sequence[QuoteInput]) -> str:
    """SHA-256, in hex, of the names and values as JSON."""
    pairs = [{"name": each.name, "value": each.value} for each in inputs]
    return hashlib.sha256(_encode(pairs)).hexdigest()
