"""How designs stand to their books."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from projections.catalogues import CatalogueRow, current
from projections.designs import DesignRow
from projections.figures.measures import MOST

READS = ("designs", "catalogues")


@dataclass(frozen=True, slots=True, kw_only=True)
class Superseded:
    """A design that was validated by version `validated`, where `current` is effective by now."""

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
    to_validate: Annotated[tuple[Superseded, ...], "Which ones are to be validated again?"]


def figures(rows: Iterable[DesignRow | CatalogueRow], now: datetime) -> DesignFigures:
    versions: dict[str, int] = {}
    validated: list[tuple[str, str, int]] = []
    designs = valid = invalid = 0
    for row in rows:
        if isinstance(row, CatalogueRow):
            if edition := current(row, now):
                versions[row.book] = edition.version
            continue
        designs += 1
        if said := row.validated:
            valid += said.valid
            invalid += not said.valid
            validated.append((row.design_id, row.book, said.rules_version))
    old = [
        Superseded(design_id=design, book=book, validated=version, current=versions[book])
        for design, book, version in sorted(validated)
        if versions.get(book, version) > version
    ]
    return DesignFigures(
        designs=designs,
        valid=valid,
        invalid=invalid,
        not_validated=designs - valid - invalid,
        superseded=len(old),
        to_validate=tuple(old[:MOST]),
    )
