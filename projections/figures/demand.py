"""Figures of the view `demand`: the special instructions that were declined or not understood.

Texts are personal and are not counted: what was not understood is one figure.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Annotated

from domain.order.state import InstructionStatus
from projections.demand import DemandRow, SpecialInstruction
from projections.figures.measures import (
    NO_CURRENCY,
    CurrencySums,
    Tally,
    by_currency,
    new_sums,
    share,
)

Operations = tuple[str, ...]
"""The operations of a meaning, in alphabetical order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnmetDemand:
    """The declined instructions with one meaning. `pieces` are those of their lines.

    `worth` is what they would have brought: price of the meaning · pieces. Where an instruction
    has no price, it is the mean price of accepted instructions with the meaning: `by_price` and
    `by_mean` count both. `unpriced` ones have neither and are not in `worth`.
    """

    meaning: str
    declined: int
    pieces: int
    causes: dict[str, int]
    worth: CurrencySums
    by_price: int
    by_mean: int
    unpriced: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DemandFigures:
    given: Annotated[int, "How many special instructions were given?"]
    waiting: Annotated[int, "How many wait for a person to interpret them?"]
    unanswered: Annotated[int, "How many wait for a yes or no?"]
    accepted: Annotated[int, "How many were accepted?"]
    declined: Annotated[int, "How many were declined?"]
    not_understood: Annotated[int, "Of how many was nothing understood?"]
    in_part: Annotated[int, "Of how many was only a part understood?"]
    not_understood_share: Annotated[float | None, "Of what share was nothing understood?"]
    worth: Annotated[CurrencySums, "What would the declined ones have brought?"]
    unmet: Annotated[tuple[UnmetDemand, ...], "What was declined, by meaning?"]


@dataclass(slots=True)
class _Declined:
    """Sums over the declined instructions with one meaning."""

    pieces: int = 0
    causes: Counter[str] = field(default_factory=Counter)
    priced: Counter[str] = field(default_factory=Counter)
    worth: defaultdict[str, Decimal] = field(default_factory=new_sums)


def figures(rows: Iterable[DemandRow], _now: datetime) -> DemandFigures:
    counts: Counter[str] = Counter()
    accepted: defaultdict[Operations, dict[str, Tally]] = defaultdict(lambda: defaultdict(Tally))
    declined: list[tuple[Operations, Decimal | None, int, SpecialInstruction]] = []
    for row in rows:
        for instruction in row.instructions:
            status, meanings = instruction.status, instruction.meanings
            counts["given"] += 1
            counts[_state(row, instruction)] += 1
            counts["not understood"] += meanings == () and status is not InstructionStatus.ACCEPTED
            counts["in part"] += bool(meanings) and (instruction.understood or 1.0) < 1.0
            for meaning in meanings or ():
                operations = tuple(sorted(meaning.operations))
                if status is InstructionStatus.ACCEPTED and meaning.amount is not None:
                    in_currency = accepted[operations][instruction.currency or NO_CURRENCY]
                    in_currency.add(meaning.amount)
                if status is InstructionStatus.DECLINED:
                    pieces = row.pieces(instruction)
                    declined.append((operations, meaning.amount, pieces, instruction))
    unmet: defaultdict[Operations, _Declined] = defaultdict(_Declined)
    total = new_sums()
    for operations, price, pieces, instruction in declined:
        sums, amount, currency = unmet[operations], price, instruction.currency
        sums.pieces += pieces
        sums.causes[instruction.cause or "none named"] += 1
        source = "price"
        if amount is None:
            source, (currency, amount) = "mean", _mean_price(accepted[operations], currency)
        if amount is None:
            source = "nothing"
        else:
            sums.worth[currency or NO_CURRENCY] += amount * pieces
            total[currency or NO_CURRENCY] += amount * pieces
        sums.priced[source] += 1
    return DemandFigures(
        given=counts["given"],
        waiting=counts["person"],
        unanswered=counts["answer"],
        accepted=counts["accepted"],
        declined=counts["declined"],
        not_understood=counts["not understood"],
        in_part=counts["in part"],
        not_understood_share=share(counts["not understood"], counts["given"]),
        worth=by_currency(total),
        unmet=tuple(
            UnmetDemand(
                meaning=" + ".join(operations),
                declined=sums.causes.total(),
                pieces=sums.pieces,
                causes=dict(sums.causes.most_common()),
                worth=by_currency(sums.worth),
                by_price=sums.priced["price"],
                by_mean=sums.priced["mean"],
                unpriced=sums.priced["nothing"],
            )
            for operations, sums in sorted(
                unmet.items(), key=lambda entry: (-entry[1].causes.total(), entry[0])
            )
        ),
    )


def _mean_price(
    accepted: Mapping[str, Tally], currency: str | None
) -> tuple[str | None, Decimal | None]:
    """The mean price of accepted instructions in a currency, rounded to 6 decimals.

    Without a currency it is in the only one there is; None if there is none, or several.
    """
    only = next(iter(accepted)) if len(accepted) == 1 else None
    currency = currency or only
    if currency is None or currency not in accepted:
        return None, None
    return currency, round(accepted[currency].amount / accepted[currency].orders, 6)


def _state(row: DemandRow, instruction: SpecialInstruction) -> str:
    """The status of a closed instruction, or what an open one waits for."""
    if not instruction.open:
        return instruction.status
    if row.cancelled:
        return "cancelled"
    return "answer" if instruction.status is InstructionStatus.INTERPRETED else "person"
