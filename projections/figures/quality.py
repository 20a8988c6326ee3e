"""How often work is right the first time, by what was chosen, and what customers asked for."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import combinations
from typing import Annotated

from projections.figures.measures import MOST, Interval, share, wilson
from projections.quality import QualityRow

FEW = 3
"""A combination that was built less often than this is not known to work."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Yield:
    """Lines whose checks all passed, of lines checked; with the 95 % Wilson interval."""

    first_pass: int
    checked: int
    rate: float | None
    interval: Interval


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Two options chosen on one line."""

    one: str
    other: str
    first_pass: int
    checked: int
    rate: float
    interval: Interval


@dataclass(frozen=True, slots=True, kw_only=True)
class Combination:
    product: str
    options: tuple[str, ...]
    built: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Defect:
    defect: str
    checks: int
    pieces: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Instructions:
    """Shares: not understood of those interpreted, declined of all that were given."""

    given: int
    not_understood: int
    not_understood_share: float | None
    declined: int
    declined_share: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class QualityFigures:
    first_pass_yield: Annotated[Yield, "How many lines passed every check, the first included?"]
    reworked: Annotated[int, "How many failed checks led to rework?"]
    escalated: Annotated[int, "How many went to a person to decide?"]
    reworked_by_instruction: Annotated[int, "How much of the rework did instructions cause?"]
    instructions: Annotated[Instructions, "What became of special instructions?"]
    defects: Annotated[tuple[Defect, ...], "What was wrong?"]
    pairs: Annotated[tuple[Pair, ...], "Which two options go ill together? The surest first."]
    pairs_left_off: Annotated[int, "How many more pairs are there?"]
    rare: Annotated[tuple[Combination, ...], f"What was built fewer than {FEW} times?"]
    rare_left_off: Annotated[int, "How many more such combinations are there?"]


def figures(rows: Iterable[QualityRow], _now: datetime) -> QualityFigures:
    """A line is the trial: its pieces share a configuration and a run, so they are no more.

    A line counts as built once it was checked, with the options that it has now.
    """
    lines, defects, pieces = Counter[bool](), Counter[str](), Counter[str]()
    pairs: defaultdict[tuple[str, str], Counter[bool]] = defaultdict(Counter)
    built: Counter[tuple[str, tuple[str, ...]]] = Counter()
    rework, wishes = Counter[str](), Counter[str]()
    for row in rows:
        passed: dict[str, bool] = {}
        for check in row.checks:
            passed[check.line_id] = passed.get(check.line_id, True) and check.passed
            if check.defect:
                defects[check.defect] += 1
                pieces[check.defect] += check.quantity
            rework["ordered"] += check.reworked
            rework["escalated"] += check.escalated
            rework["instructed"] += check.reworked and check.instruction_id is not None
        products = {p.line_id: p.product for p in row.products}
        for line, fine in passed.items():
            chosen = sorted(
                f"{c.option}={c.value}" for c in row.choices.options if c.line_id == line
            )
            lines[fine] += 1
            built[products.get(line, ""), tuple(chosen)] += 1
            for pair in combinations(chosen, 2):
                pairs[pair][fine] += 1
        for wish in row.instructions:
            wishes["given"] += 1
            wishes["interpreted"] += wish.understood is not None
            wishes["not understood"] += wish.understood is False
            wishes["declined"] += wish.answer == "declined"
    rare = sorted((times, *what) for what, times in built.items() if times < FEW)
    worst = sorted((_pair(pair, seen) for pair, seen in pairs.items()),
                   key=lambda p: (p.interval.high, p.one, p.other))  # fmt: skip
    return QualityFigures(
        first_pass_yield=Yield(
            first_pass=lines[True],
            checked=lines.total(),
            rate=share(lines[True], lines.total()),
            interval=wilson(lines[True], lines.total()),
        ),
        reworked=rework["ordered"],
        escalated=rework["escalated"],
        reworked_by_instruction=rework["instructed"],
        instructions=Instructions(
            given=wishes["given"],
            not_understood=wishes["not understood"],
            not_understood_share=share(wishes["not understood"], wishes["interpreted"]),
            declined=wishes["declined"],
            declined_share=share(wishes["declined"], wishes["given"]),
        ),
        defects=tuple(
            Defect(defect=defect, checks=checks, pieces=pieces[defect])
            for defect, checks in defects.most_common(MOST)
        ),
        pairs=tuple(worst[:MOST]),
        pairs_left_off=len(worst[MOST:]),
        rare=tuple(
            Combination(product=product, options=options, built=times)
            for times, product, options in rare[:MOST]
        ),
        rare_left_off=len(rare[MOST:]),
    )


def _pair(pair: tuple[str, str], seen: Counter[bool]) -> Pair:
    return Pair(
        one=pair[0],
        other=pair[1],
        first_pass=seen[True],
        checked=seen.total(),
        rate=seen[True] / seen.total(),
        interval=wilson(seen[True], seen.total()),
    )
