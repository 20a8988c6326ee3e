"""Figures of the view `designs`: how many are valid, and which were validated by an old version."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from projections.catalogues import CatalogueRow, current
from projections.designs import DesignRow
from projections.figures.measures import LIST_LIMIT

READS = ("designs", "catalogues")


@dataclass(frozen=True, slots=True, kw_only=True)
class SupersededDesign:
    """A design that version `validated` of its book validated, and the version effective now."""

    design_id: str
    book: str
    validated: int
    current: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DesignFigures:
    designs: Annotated[int, "How many designs are there?"]
    valid: Annotated[int, "How many are valid as they are?"]
    invalid: Annotated[int, "How many cannot be made as they are?"]
    not_validated: Annotated[int, "How many were not validated since their last choice?"]
    superseded: Annotated[int, "How many were validated by a version that is superseded?"]
    to_validate: Annotated[tuple[SupersededDesign, ...], "Which ones must be validated again?"]


def figures(rows: Iterable[DesignRow | CatalogueRow], now: datetime) -> DesignFigures:
    current_versions: dict[str, int] = {}
    validated: list[tuple[str, str, int]] = []
    designs = valid = invalid = 0
    for row in rows:
        if isinstance(row, CatalogueRow):
            if edition := current(row, now):
                current_versions[row.book] = edition.version
            continue
        designs += 1
        if row.validated:
            valid += row.validated.valid
            invalid += not row.validated.valid
            validated.append((row.design_id, row.book, row.validated.rules_version))
    superseded = [
        SupersededDesign(
            design_id=design, book=book, validated=version, current=current_versions[book]
        )
        for design, book, version in sorted(validated)
        if current_versions.get(book, version) > version
    ]
    return DesignFigures(
        designs=designs,
        valid=valid,
        invalid=invalid,
        not_validated=designs - valid - invalid,
        superseded=len(superseded),
        to_validate=tuple(superseded[:LIST_LIMIT]),
    )
