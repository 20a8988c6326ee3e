"""The parameter `wait=log`: a write is answered when the log in Kafka has it too."""

# Without postponed annotations: FastAPI evaluates them in modules that make routes in a loop.

import asyncio
import time
from collections.abc import Collection
from http import HTTPStatus
from typing import Annotated, Literal

from fastapi import Query
from starlette.concurrency import run_in_threadpool

from domain.event import Position
from infra.deployment import Deployment
from infra.http.problems import HttpRefusal

_PAUSES_S = (0.005, 0.1)  # between polls of the relay's progress: the first, the longest
Wait = Annotated[
    Literal["log"] | None,
    Query(
        description="`log`: answer when Kafka has it too, so that losing the database loses nothing"
    ),
]
LogTimeout = Annotated[float, Query(ge=0, le=30, description="Seconds to wait for the log.")]
LATE = (
    "Stored, but not in the log within timeout_s: `in_log` is false. The same request waits again."
)


def check(deployment: Deployment, wait: str | None) -> None:
    """Raise HttpRefusal for `wait` in a deployment without Kafka."""
    if wait and not deployment.settings.kafka:
        raise HttpRefusal(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            "wait=log is for a log in Kafka, and ORDERMADE_KAFKA is not set: leave it out; an "
            "answered write is in the database, which is the log",
            "wait",
        )


async def in_log(
    deployment: Deployment, positions: Collection[Position], wait: str | None, timeout_s: float
) -> bool | None:
    """Whether the log has the positions within the time; None without `wait`.

    A waiting request occupies no thread between two polls.
    """
    if not wait:
        return None
    pause, longest = _PAUSES_S
    deadline = time.monotonic() + timeout_s
    while True:
        relayed = await run_in_threadpool(deployment.progress.relayed)
        if all(p.number <= relayed.get(p.partition, 0) for p in positions):
            return True
        if time.monotonic() > deadline:
            return False
        await asyncio.sleep(pause)
        pause = min(2 * pause, longest)
