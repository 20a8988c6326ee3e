"""Beliefs about a customer, and which of them hold."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from domain.personal import Plain
from projections.view import Part

TAU = 0.5
"""An observed value is believed from this confidence on."""
_RANK = {"direct": 2, "observed": 1, "third_party": 0}


class Belief(Part, frozen=True, kw_only=True):
    """What one source says; the value itself stands at the same place of the row's `values`.

    `evidence` are the events behind an inference, `rests_on` the vendors behind those.
    """

    attribute: Plain[str]
    origin: Plain[str]
    vendor: Plain[str | None] = None
    event_id: Plain[UUID]
    since: Plain[datetime]
    confidence: Plain[float | None] = None
    expires_at: Plain[datetime | None] = None
    evidence: Plain[tuple[UUID, ...]] = ()
    rests_on: Plain[tuple[str, ...]] = ()
    vetoed: Plain[bool] = False
    confirmed: Plain[bool | None] = None  # None: the customer has not said

    @property
    def source(self) -> tuple[str, str, str | None]:
        """Each source has one word on an attribute: its newest."""
        return self.attribute, self.origin, self.vendor


def standing(belief: Belief, now: datetime) -> bool:
    """Whether a belief may be held at a time, were there no better one."""
    expired = belief.expires_at is not None and belief.expires_at <= now
    weak = belief.origin == "observed" and (belief.confidence or 0) < TAU
    return not (expired or belief.vetoed or weak)


def believed(beliefs: Iterable[Belief], now: datetime) -> dict[str, Belief]:
    """By attribute: the customer's own word before what was observed, that before a vendor's.

    Of the same rank the newest holds.
    """
    best: dict[str, Belief] = {}
    for belief in beliefs:
        old = best.get(belief.attribute)
        if standing(belief, now) and (old is None or _order(belief) > _order(old)):
            best[belief.attribute] = belief
    return best


def _order(belief: Belief) -> tuple[int, datetime]:
    return _RANK[belief.origin], belief.since
