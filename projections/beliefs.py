"""Beliefs about a customer: values of attributes with their sources, and which of them hold."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from domain.personal import Plain
from projections.view import Part

TAU = 0.5
"""The least confidence with which an observed value is believed."""
_RANK = {"direct": 2, "observed": 1, "third_party": 0}


class Belief(Part, frozen=True, kw_only=True):
    """The value of an attribute by one source; the value is in the row's `values`, same index.

    `evidence` are the events that an inference was made from, `rests_on` the vendors whose data
    is among them. `confirmed` is None until the customer confirms or rejects the value.
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
    confirmed: Plain[bool | None] = None

    @property
    def source(self) -> tuple[str, str, str | None]:
        """Attribute, origin and vendor: a newer value of the same source replaces this one."""
        return self.attribute, self.origin, self.vendor


def is_credible(belief: Belief, now: datetime) -> bool:
    """Whether a belief may hold: it has not expired, is not vetoed, and is sure enough."""
    expired = belief.expires_at is not None and belief.expires_at <= now
    weak = belief.origin == "observed" and (belief.confidence or 0) < TAU
    return not (expired or belief.vetoed or weak)


def believed(beliefs: Iterable[Belief], now: datetime) -> dict[str, Belief]:
    """The belief that holds of each attribute.

    A direct one is preferred to an observed one, and that to a third party's; of the same origin
    the newest holds.
    """
    best: dict[str, Belief] = {}
    for belief in beliefs:
        old = best.get(belief.attribute)
        if is_credible(belief, now) and (old is None or _order(belief) > _order(old)):
            best[belief.attribute] = belief
    return best


def _order(belief: Belief) -> tuple[int, datetime]:
    return _RANK[belief.origin], belief.since
