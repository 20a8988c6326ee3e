"""Projections of another release: the same view with another fold."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

from projections.view import AnyProjection


def refolded(
    projection: AnyProjection, refold: Callable[..., Any], **changes: Any
) -> AnyProjection:
    """The projection with `refold(fold, row, event)` in place of each handler's `fold`."""
    handlers = [h._replace(fold=partial(refold, h.fold)) for h in projection.handlers]
    return replace(projection, handlers=handlers, **changes)


def poisoned(projection: AnyProjection, order: str, *types: type) -> AnyProjection:
    """The projection of a release that cannot fold these types of events of one order."""

    def refold(fold, row, event):
        if isinstance(event.data, types) and event.event.subject == f"order/{order}":
            raise ValueError("a secret value")
        return fold(row, event)

    return refolded(projection, refold)
