"""Figures of the view `profile`: how much is believed, from which sources, and how right it was."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from projections.beliefs import TAU, Belief, believed
from projections.figures.measures import share
from projections.profile import ProfileRow


@dataclass(frozen=True, slots=True, kw_only=True)
class VendorDependence:
    """What would be missing without the data of a vendor.

    `values` are those that the vendor appended, `inferences` those that rest on its data. Of the
    attributes that would no longer be believed as they are, `lost` have no other source,
    `replaced` have one.
    """

    vendor: str
    values: int
    inferences: int
    lost: int
    replaced: int
    customers: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileFigures:
    customers: Annotated[int, "How many customers do we know something about?"]
    believed: Annotated[int, "How many attributes of theirs do we believe a value of?"]
    by_origin: Annotated[dict[str, int], "From which source?"]
    direct_share: Annotated[float | None, "What share did the customers say themselves?"]
    expired: Annotated[int, "How many values have expired?"]
    vetoed: Annotated[int, "How many values did customers reject?"]
    weak: Annotated[int, f"How many observed values are less sure than {TAU}?"]
    conflicts: Annotated[int, "On how many attributes do sources contradict each other?"]
    applied: Annotated[int, "How often was something personalized?"]
    overridden: Annotated[int, "How often did the customer override it?"]
    override_rate: Annotated[float | None, "What share is that?"]
    judged: Annotated[int, "How many inferences did customers confirm or reject?"]
    brier_score: Annotated[
        float | None, "How wrong were they? 0 is certain and right, 0.25 is a coin's guess."
    ]
    vendors: Annotated[tuple[VendorDependence, ...], "What would be lost without a vendor?"]


def figures(rows: Iterable[ProfileRow], now: datetime) -> ProfileFigures:
    """The Brier score is the mean of (confidence - outcome)² over the judged inferences.

    Source: Brier 1950, Monthly Weather Review 78.
    """
    counts, origins = Counter[str](), Counter[str]()
    vendors: defaultdict[str, Counter[str]] = defaultdict(Counter)
    squared_error = 0.0
    for row in rows:
        best = believed(row.beliefs, now)
        origins.update(b.origin for b in best.values())
        counts["customers"] += 1
        for belief in row.beliefs:
            counts["expired"] += belief.expires_at is not None and belief.expires_at <= now
            counts["vetoed"] += belief.vetoed
            counts["weak"] += belief.origin == "observed" and (belief.confidence or 0) < TAU
        counts["conflicts"] += len(row.conflicts)
        counts["applied"] += row.applied
        counts["overridden"] += row.overridden
        counts["judged"] += row.judged
        squared_error += row.squared_error
        for vendor in {v for b in row.beliefs for v in b.rests_on}:
            vendors[vendor].update(_dependence(vendor, row.beliefs, best, now))
    return ProfileFigures(
        customers=counts["customers"],
        believed=origins.total(),
        by_origin=dict(origins.most_common()),
        direct_share=share(origins["direct"], origins.total()),
        expired=counts["expired"],
        vetoed=counts["vetoed"],
        weak=counts["weak"],
        conflicts=counts["conflicts"],
        applied=counts["applied"],
        overridden=counts["overridden"],
        override_rate=share(counts["overridden"], counts["applied"]),
        judged=counts["judged"],
        brier_score=squared_error / counts["judged"] if counts["judged"] else None,
        vendors=tuple(
            VendorDependence(
                vendor=vendor,
                values=count["values"],
                inferences=count["inferences"],
                lost=count["lost"],
                replaced=count["replaced"],
                customers=count["customers"],
            )
            for vendor, count in sorted(vendors.items())
        ),
    )


def _dependence(
    vendor: str, beliefs: tuple[Belief, ...], best: dict[str, Belief], now: datetime
) -> dict[str, int]:
    """One customer's part of `VendorDependence`. `rests_on` includes vendors of the evidence."""
    dependent = [b for b in beliefs if vendor in b.rests_on]
    others = believed([b for b in beliefs if vendor not in b.rests_on], now)
    attributes = [attribute for attribute, belief in best.items() if vendor in belief.rests_on]
    return {
        "values": sum(b.vendor == vendor for b in dependent),
        "inferences": sum(b.vendor != vendor for b in dependent),
        "lost": sum(attribute not in others for attribute in attributes),
        "replaced": sum(attribute in others for attribute in attributes),
        "customers": 1,
    }
