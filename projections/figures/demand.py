"""Unmet demand: wishes that were declined or not understood, and the money they would have brought.

Texts are personal and never counted: what was not understood is one figure, and who may open the
rows reads the words there.
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
from projections.figures.measures import NO_CURRENCY, Money, Tally, money, share, shown

Meaning = tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Unmet:
    """Declined wishes of one meaning, the operations. `pieces` are those of their lines.

    `worth` is the price of the wish times pieces; where a wish has none, the mean price of
    accepted wishes of the meaning. `unpriced` wishes have neither and are in no sum.
    """

    meaning: str
    declined: int
    pieces: int
    causes: dict[str, int]
    worth: Money
    by_price: int
    by_mean: int
    unpriced: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DemandFigures:
    given: Annotated[int, "How many special instructions were given?"]
    waiting: Annotated[int, "How many wait for a person to say what they mean?"]
    unanswered: Annotated[int, "How many wait for a yes or no?"]
    accepted: Annotated[int, "How many were accepted?"]
    declined: Annotated[int, "How many were declined?"]
    not_understood: Annotated[int, "Of how many did nobody understand anything?"]
    in_part: Annotated[int, "Of how many was only a part understood?"]
    not_understood_share: Annotated[float | None, "What share did nobody understand?"]
    worth: Annotated[Money, "What would the declined ones have brought?"]
    unmet: Annotated[tuple[Unmet, ...], "What was wanted and declined, by meaning?"]


@dataclass(slots=True)
class _Declined:
    pieces: int = 0
    causes: Counter[str] = field(default_factory=Counter)
    priced: Counter[str] = field(default_factory=Counter)
    worth: defaultdict[str, Decimal] = field(default_factory=money)


def figures(rows: Iterable[DemandRow], _now: datetime) -> DemandFigures:
    counts: Counter[str] = Counter()
    accepted: defaultdict[Meaning, dict[str, Tally]] = defaultdict(lambda: defaultdict(Tally))
    declined: list[tuple[Meaning, Decimal | None, int, SpecialInstruction]] = []
    for row in rows:
        for wish in row.instructions:
            counts["given"] += 1
            counts[_state(row, wish)] += 1
            counts["not understood"] += (
                wish.meanings == () and wish.status is not InstructionStatus.ACCEPTED
            )
            counts["in part"] += bool(wish.meanings) and (wish.understood or 1.0) < 1.0
            for said in wish.meanings or ():
                meaning = tuple(sorted(said.operations))
                if wish.status is InstructionStatus.ACCEPTED and said.amount is not None:
                    accepted[meaning][wish.currency or NO_CURRENCY].add(said.amount)
                if wish.status is InstructionStatus.DECLINED:
                    declined.append((meaning, said.amount, row.pieces(wish), wish))
    unmet: defaultdict[Meaning, _Declined] = defaultdict(_Declined)
    total = money()
    for meaning, amount, pieces, wish in declined:
        entry, currency = unmet[meaning], wish.currency
        entry.pieces += pieces
        entry.causes[wish.cause or "none named"] += 1
        by = "price"
        if amount is None:
            by, (currency, amount) = "mean", _mean(accepted[meaning], currency)
        if amount is None:
            by = "nothing"
        else:
            entry.worth[currency or NO_CURRENCY] += amount * pieces
            total[currency or NO_CURRENCY] += amount * pieces
        entry.priced[by] += 1
    return DemandFigures(
        given=counts["given"],
        waiting=counts["person"],
        unanswered=counts["answer"],
        accepted=counts["accepted"],
        declined=counts["declined"],
        not_understood=counts["not understood"],
        in_part=counts["in part"],
        not_understood_share=share(counts["not understood"], counts["given"]),
        worth=shown(total),
        unmet=tuple(
            Unmet(
                meaning=" + ".join(meaning),
                declined=entry.causes.total(),
                pieces=entry.pieces,
                causes=dict(entry.causes.most_common()),
                worth=shown(entry.worth),
                by_price=entry.priced["price"],
                by_mean=entry.priced["mean"],
                unpriced=entry.priced["nothing"],
            )
            for meaning, entry in sorted(
                unmet.items(), key=lambda found: (-found[1].causes.total(), found[0])
            )
        ),
    )


def _mean(accepted: Mapping[str, Tally], currency: str | None) -> tuple[str | None, Decimal | None]:
    """What was paid for the meaning: in the wish's currency, else in the only one that there is."""
    known = currency or (next(iter(accepted)) if len(accepted) == 1 else None)
    if known is None or known not in accepted:
        return None, None
    return known, round(accepted[known].amount / accepted[known].orders, 6)


def _state(row: DemandRow, wish: SpecialInstruction) -> str:
    if not wish.open:
        return wish.status
    if row.cancelled:
        return "cancelled"
    return "answer" if wish.status is InstructionStatus.INTERPRETED else "person"
