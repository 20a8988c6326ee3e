"""Arguments and options that several commands share, and the words that they are parsed from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from infra.errors import UserError

if TYPE_CHECKING:
    from domain.values import Purpose

Arguments = dict[str, Any]
"""Arguments of a command, as JSON values."""

CustomerId = Annotated[str, typer.Argument(metavar="CUSTOMER", help="namespace:id, or our id.")]
OrderId = Annotated[str, typer.Argument(metavar="ORDER")]
DesignId = Annotated[str, typer.Argument(metavar="DESIGN")]
QuoteId = Annotated[str, typer.Argument(metavar="QUOTE")]
LineId = Annotated[str, typer.Argument(metavar="LINE")]
InstructionId = Annotated[str, typer.Argument(metavar="INSTRUCTION")]
CommandId = Annotated[
    str | None,
    typer.Option("--id", help="The command's own id: sent again, it is carried out once."),
]
CustomerOption = Annotated[str | None, typer.Option(help="The owner: namespace:id, or our id.")]
Reason = Annotated[str | None, typer.Option(help="Why; stored sealed.")]
TextOption = Annotated[str | None, typer.Option(help="The customer's own words for it.")]
Effort = Annotated[float, typer.Option(help="The customer's work, in seconds.")]
LINES = "LINE=PRODUCT or LINE=PRODUCT:QUANTITY"


def parse_purposes(text: str) -> list[Purpose]:
    """Return the purposes that a text names, separated by commas. Raises UserError."""
    from domain.values import PURPOSES

    names = [name for name in text.split(",") if name]
    unknown = [name for name in names if name not in PURPOSES]
    if unknown or not names:
        wrong = unknown[0] if unknown else "an empty list"
        raise UserError(f"{wrong} is not a purpose: name some of {','.join(PURPOSES)}")
    return cast("list[Purpose]", names)


def parse_lines(words: Sequence[str]) -> list[Arguments]:
    """Return the lines of an order from LINE=PRODUCT:QUANTITY. Raises UserError."""
    lines = []
    for word in words:
        line_id, _, rest = word.partition("=")
        product, _, quantity = rest.partition(":")
        if quantity and not quantity.isdigit():
            raise UserError(
                f"--line {word}: the quantity is not a whole number: write LINE=PRODUCT:2"
            )
        lines.append({"line_id": line_id, "product": product, "quantity": int(quantity or 1)})
    return lines


def parse_amounts(words: Sequence[str]) -> list[Arguments]:
    """Return the amounts of lines from LINE=AMOUNT. Raises UserError."""
    return _parse(words, "--line", "=", ("line_id", "amount"), "LINE=AMOUNT")


def parse_rates(words: Sequence[str]) -> list[Arguments]:
    """Return rates of currencies from CURRENCY=RATE. Raises UserError."""
    return _parse(words, "--rate", "=", ("currency", "rate"), "CURRENCY=RATE")


def parse_route(words: Sequence[str]) -> list[Arguments]:
    """Return the operations of a route from OPERATION:LINE:WORK_CENTRE. Raises UserError."""
    names = ("operation_id", "line_id", "work_centre")
    return _parse(words, "--operation", ":", names, "OPERATION:LINE:WORK_CENTRE")


def _parse(
    words: Sequence[str], option: str, separator: str, names: Sequence[str], form: str
) -> list[Arguments]:
    parsed = []
    for word in words:
        values = word.split(separator, len(names) - 1)
        if len(values) != len(names):
            raise UserError(f"{option} {word}: write {form}")
        parsed.append(dict(zip(names, values, strict=True)))
    return parsed


def parse_json(text: str) -> Arguments:
    """Return the arguments of a command from a JSON object. Raises UserError."""
    import json

    try:
        arguments = json.loads(text)
    except json.JSONDecodeError as error:
        raise UserError(
            f"the arguments are not JSON ({error.msg}): write '{{\"name\": …}}'"
        ) from None
    if not isinstance(arguments, dict):
        raise UserError("the arguments are not one JSON object: write '{\"name\": …}'")
    return arguments


def choice(line: str, option: str, stage: str, space: str = "closed", **more: Any) -> Arguments:
    """Return a choice that the customer makes directly, for the product."""
    return {
        "line_id": line,
        "option": option,
        "stage": stage,
        "choice_space": space,
        "origin": "direct",
        "target": "product",
        **more,
    }
