"""The parameter `min_position`: a read that waits until views contain the reader's own writes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Collection
from http import HTTPStatus
from typing import Annotated

from fastapi import Query
from starlette.concurrency import run_in_threadpool

from domain.event import Cursor
from infra.deployment import Deployment
from infra.http import cursors
from infra.http.problems import HttpRefusal

_PAUSES_S = (0.01, 0.2)  # between polls of the views' positions: the first, the longest
MinPosition = Annotated[
    str | None,
    Query(description="A cursor, such as a write's: wait until the rows contain it."),
]
ViewTimeout = Annotated[float, Query(ge=0, le=30, description="Seconds to wait for min_position.")]


async def wait_for_views(
    deployment: Deployment, views: Collection[str], min_position: str | None, timeout_s: float
) -> None:
    """Return as soon as the views contain a cursor; at once without one.

    A waiting request occupies no thread between two polls. Raises HttpRefusal when time is up.
    """
    if min_position is None:
        return
    goal = cursors.parse(min_position, "min_position")
    pause, longest = _PAUSES_S
    deadline = time.monotonic() + timeout_s
    await run_in_threadpool(deployment.feed.check, goal)
    while not await run_in_threadpool(_have_reached, deployment, views, goal):
        if time.monotonic() > deadline:
            raise HttpRefusal(
                HTTPStatus.GATEWAY_TIMEOUT,
                f"the view has not reached min_position within {timeout_s:g} s: ask again, and "
                "check that `ordermade up` runs",
                "min_position",
            )
        await asyncio.sleep(pause)
        pause = min(2 * pause, longest)


def _have_reached(deployment: Deployment, views: Collection[str], goal: Cursor) -> bool:
    live = deployment.views.live()  # looked up each time: a rebuild may switch a view meanwhile
    lags = deployment.progress.lags([live[view] for view in views])
    return all(lag.position >= goal.numbers[lag.partition] for lag in lags)
