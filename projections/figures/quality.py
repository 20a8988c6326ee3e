"""Figures of the view `quality`: what passed its checks at once, by chosen options."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import combinations
from typing import Annotated

from projections.figures.measures import LIST_LIMIT, Interval, share, wilson
from projections.quality import QualityRow

RARE_BELOW = 3
"""A combination that was built less often than this is listed as rare."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstPassYield:
    """The checked lines, and those of them whose checks all passed; with the 95 % Wilson interval.

    `rate` is first_pass / checked.
    """

    first_pass: int
    checked: int
    rate: float | None
    interval: Interval


@dataclass(frozen=True, slots=True, kw_only=True)
class OptionPair:
    """The first-pass yield of the lines for which both of two options were chosen."""

    one: str
    other: str
    first_pass: int
    checked: int
    rate: float
    interval: Interval


@dataclass(frozen=True, slots=True, kw_only=True)
class Combination:
    """All options of a line, and how many checked lines have them."""

    product: str
    options: tuple[str, ...]
    built: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DefectCount:
    """How many checks found a defect, and in how many pieces."""

    defect: str
    checks: int
    pieces: int


@dataclass(frozen=True, slots=True, kw_only=True)
class InstructionFigures:
    """Special instructions. The shares are not understood / interpreted and declined / given."""

    given: int
    not_understood: int
    not_understood_share: float | None
    declined: int
    declined_share: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class QualityFigures:
    first_pass_yield: Annotated[
        FirstPassYield, "How many lines passed every check, the first included?"
    ]
    reworked: Annotated[int, "How many failed checks led to rework?"]
    escalated: Annotated[int, "How many went to a person to decide?"]
    reworked_by_instruction: Annotated[int, "How much of the rework did instructions cause?"]
    instructions: Annotated[InstructionFigures, "What became of special instructions?"]
    defects: Annotated[tuple[DefectCount, ...], "What was wrong?"]
    pairs: Annotated[
        tuple[OptionPair, ...], "Which two options go badly together? The surest first."
    ]
    pairs_left_off: Annotated[int, "How many more pairs are there?"]
    rare: Annotated[tuple[Combination, ...], f"What was built fewer than {RARE_BELOW} times?"]
    rare_left_off: Annotated[int, "How many more such combinations are there?"]


def figures(rows: Iterable[QualityRow], _now: datetime) -> QualityFigures:
    """A checked line is one trial, with the options that it has now.

    Its pieces are no trials of their own: they share one configuration and one production run.
    """
    lines, defects, pieces = Counter[bool](), Counter[str](), Counter[str]()
    pairs: defaultdict[tuple[str, str], Counter[bool]] = defaultdict(Counter)
    built: Counter[tuple[str, tuple[str, ...]]] = Counter()
    rework, instructions = Counter[str](), Counter[str]()
    for row in rows:
        first_pass: dict[str, bool] = {}
        for check in row.checks:
            first_pass[check.line_id] = first_pass.get(check.line_id, True) and check.passed
            if check.defect:
                defects[check.defect] += 1
                pieces[check.defect] += check.quantity
            rework["ordered"] += check.reworked
            rework["escalated"] += check.escalated
            rework["instructed"] += check.reworked and check.instruction_id is not None
        products = {p.line_id: p.product for p in row.products}
        for line, passed in first_pass.items():
            options = sorted(
                f"{c.option}={c.value}" for c in row.choices.options if c.line_id == line
            )
            lines[passed] += 1
            built[products.get(line, ""), tuple(options)] += 1
            for pair in combinations(options, 2):
                pairs[pair][passed] += 1
        for instruction in row.instructions:
            instructions["given"] += 1
            instructions["interpreted"] += instruction.understood is not None
            instructions["not understood"] += instruction.understood is False
            instructions["declined"] += instruction.answer == "declined"
    rare = sorted((count, *key) for key, count in built.items() if count < RARE_BELOW)
    worst = sorted(
        (_pair(options, passes) for options, passes in pairs.items()),
        key=lambda p: (p.interval.high, p.one, p.other),
    )
    return QualityFigures(
        first_pass_yield=FirstPassYield(
            first_pass=lines[True],
            checked=lines.total(),
            rate=share(lines[True], lines.total()),
            interval=wilson(lines[True], lines.total()),
        ),
        reworked=rework["ordered"],
        escalated=rework["escalated"],
        reworked_by_instruction=rework["instructed"],
        instructions=InstructionFigures(
            given=instructions["given"],
            not_understood=instructions["not understood"],
            not_understood_share=share(instructions["not understood"], instructions["interpreted"]),
            declined=instructions["declined"],
            declined_share=share(instructions["declined"], instructions["given"]),
        ),
        defects=tuple(
            DefectCount(defect=defect, checks=checks, pieces=pieces[defect])
            for defect, checks in defects.most_common(LIST_LIMIT)
        ),
        pairs=tuple(worst[:LIST_LIMIT]),
        pairs_left_off=len(worst[LIST_LIMIT:]),
        rare=tuple(
            Combination(product=product, options=options, built=count)
            for count, product, options in rare[:LIST_LIMIT]
        ),
        rare_left_off=len(rare[LIST_LIMIT:]),
    )


def _pair(options: tuple[str, str], passes: Counter[bool]) -> OptionPair:
    return OptionPair(
        one=options[0],
        other=options[1],
        first_pass=passes[True],
        checked=passes.total(),
        rate=passes[True] / passes.total(),
        interval=wilson(passes[True], passes.total()),
    )
