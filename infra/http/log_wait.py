"""`wait=log`: a write is answered when the log has it too."""

# Without postponed annotations: FastAPI reads those of functions made elsewhere.

import asyncio
import time
from collections.abc import Collection
from http import HTTPStatus
from typing import Annotated, Literal

from fastapi import Query
from starlette.concurrency import run_in_threadpool

from domain.event import Position
from infra.deployment import Deployment
from infra.http.problems import Unfit

_PAUSES_S = (0.005, 0.1)  # between looks at how far the log is: the first, the longest
Wait = Annotated[
    Literal["log"] | None,
    Query(description="`log`: answers when Kafka has it too, so losing the database loses nothing"),
]
Timeout = Annotated[float, Query(ge=0, le=30, description="Seconds to wait for the log.")]
LATE = "Stored, and not in the log within timeout_s: `in_log` is false. Sent again, it waits again."


def check(deployment: Deployment, wait: str | None) -> None:
    """Raises Unfit where there is nothing to wait for."""
    if wait and not deployment.settings.kafka:
        raise Unfit(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            "wait=log is for a log in Kafka, and ORDERMADE_KAFKA is not set: leave it out, what is "
            "answered is in the database, which is the log",
            "wait",
        )


async def in_log(
    deployment: Deployment, stored: Collection[Position], wait: str | None, timeout_s: float
) -> bool | None:
    """Whether the log has these events, once it has, or in the end; None if nobody waits.

    Waiting takes no thread.
    """
    if not wait:
        return None
    pause, longest = _PAUSES_S
    deadline = time.monotonic() + timeout_s
    while True:
        relayed = await run_in_threadpool(deployment.progress.relayed)
        if all(p.number <= relayed.get(p.partition, 0) for p in stored):
            return True
        if time.monotonic() > deadline:
            return False
        await asyncio.sleep(pause)
        pause = min(2 * pause, longest)
