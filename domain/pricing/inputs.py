"""Everything that a price depended on, as the inputs of its quote, and read from them again.

A text enters as its length alone, so the proof of a price outlives an erasure.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

import msgspec

from domain.book.book import Selection
from domain.errors import NotAllowed
from domain.pricing.price_index import Conditions
from domain.pricing.pricing import PricedInstruction
from domain.pricing.quote import QuoteInput


class _Line(msgspec.Struct):
    """What of a selection prices depend on. This and `Wish` are the storage format."""

    line_id: str
    product: str
    quantity: int
    options: dict[str, str]
    lengths: dict[str, int]


_encode = msgspec.json.Encoder(decimal_format="string", order="deterministic").encode
_line = msgspec.json.Decoder(_Line).decode
_instruction = msgspec.json.Decoder(PricedInstruction).decode


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceRequest:
    """What is priced, by which version of which book, and when."""

    book: str
    version: int
    conditions: Conditions
    selections: tuple[Selection, ...]
    instructions: tuple[PricedInstruction, ...] = ()


def inputs(request: PriceRequest) -> tuple[QuoteInput, ...]:
    """In one order, whatever the order of lines, choices and instructions: names may repeat."""
    conditions = request.conditions
    named = [
        ("book", request.book),
        ("version", str(request.version)),
        ("clock", conditions.clock.isoformat()),
    ]
    if conditions.load is not None:
        named.append(("load", str(conditions.load)))
    if conditions.lead_days is not None:
        named.append(("lead_days", str(conditions.lead_days)))
    named += [(f"rate {c}", str(rate)) for c, rate in sorted(conditions.rates.items())]
    lines = [
        _Line(s.line_id, s.product, s.quantity, s.options, s.lengths)
        for s in sorted(request.selections, key=lambda s: s.line_id)
    ]
    named += [("line", _encode(line).decode()) for line in lines]
    instructions = sorted(request.instructions, key=lambda w: w.instruction_id)
    named += [("instruction", _encode(instruction).decode()) for instruction in instructions]
    return tuple(QuoteInput(name=name, value=value) for name, value in named)


def price_request(said: Iterable[QuoteInput]) -> PriceRequest:
    """What `inputs` was given. Raises NotAllowed for inputs that no quote has."""
    once: dict[str, str] = {}
    rates: dict[str, Decimal] = {}
    lines: list[Selection] = []
    instructions: list[PricedInstruction] = []
    try:
        for each in said:
            kind, _, currency = each.name.partition(" ")
            match kind:
                case "line":
                    lines.append(Selection(**msgspec.structs.asdict(_line(each.value))))
                case "instruction":
                    instructions.append(_instruction(each.value))
                case "rate":
                    rates[currency] = Decimal(each.value)
                case _:
                    once[kind] = each.value
        return PriceRequest(
            book=once["book"],
            version=int(once["version"]),
            conditions=Conditions(
                clock=datetime.fromisoformat(once["clock"]),
                load=Decimal(once["load"]) if "load" in once else None,
                lead_days=int(once["lead_days"]) if "lead_days" in once else None,
                rates=rates,
            ),
            selections=tuple(lines),
            instructions=tuple(instructions),
        )
    except (KeyError, ValueError, ArithmeticError, msgspec.DecodeError) as error:
        raise NotAllowed(
            f"the inputs of the quote cannot be read ({type(error).__name__}): they are not as "
            "they were stored; verify the log and restore it",
            "inputs",
        ) from None


def version_of(said: Iterable[QuoteInput]) -> int | None:
    """The version of the book that they were priced by; None: by no book."""
    return next((int(each.value) for each in said if each.name == "version"), None)


def inputs_hash(said: Sequence[QuoteInput]) -> str:
    """SHA-256, in hex."""
    return hashlib.sha256(_encode(said)).hexdigest()
