"""Appends of many callers in one transaction: what arrives while one runs goes into the next.

There is no thread for it: a caller who finds nobody at work takes all that waits, its own appends
among it, and does it for everybody. A hand-over between threads costs more than a small append.
"""

from __future__ import annotations

import collections
import queue
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

import psycopg

from consumers.ports.store import Appended
from domain.errors import Refusal
from infra.postgres.store.positioning import PreparedAppend

Answer = Appended | Refusal
Transact = Callable[[Sequence[PreparedAppend]], Sequence[Answer | None]]
"""One transaction; None for an append that another transaction's lock keeps out of it."""

_MOST = 1_000  # appends in a transaction
_COLLISIONS = 10
_PAUSE_S = 0.002  # when all that waits is locked elsewhere
_RETURN_S, _LOOKS = 0.00002, 8
"""Whoever was answered last is likely to come again at once: worth a moment before setting off."""


@dataclass(slots=True)
class _Job:
    """One caller's appends, until each is answered."""

    waiting: dict[int, PreparedAppend]
    answers: dict[int, Answer] = field(default_factory=dict)
    error: Exception | None = None
    woken: queue.SimpleQueue[None] = field(default_factory=queue.SimpleQueue)

    @property
    def done(self) -> bool:
        return self.error is not None or not self.waiting


class Gatherer:
    def __init__(self, transact: Transact) -> None:
        self._transact = transact
        self._jobs: collections.deque[_Job] = collections.deque()
        self._working = threading.Lock()
        self._company = 1  # how many took part in the last transaction

    def append(self, appends: dict[int, PreparedAppend]) -> dict[int, Answer]:
        """Returns when each is answered, and what was stored is durable."""
        if not appends:
            return {}
        job = _Job(appends)
        self._jobs.append(job)
        while not job.done:
            if not self._working.acquire(blocking=False):
                job.woken.get()
                continue
            try:
                self._work(job)
            finally:
                self._working.release()
            # After the release: whoever came before it found somebody at work, and sleeps.
            with suppress(IndexError):
                self._jobs[0].woken.put(None)
        if job.error:
            raise job.error
        return job.answers

    def _work(self, mine: _Job) -> None:
        """One transaction for what waits; wakes those whose appends are answered."""
        for _ in range(_LOOKS):
            if len(self._jobs) >= self._company:
                break
            time.sleep(_RETURN_S)
        jobs: list[_Job] = []
        count = 0
        while self._jobs and count < _MOST:
            jobs.append(self._jobs.popleft())
            count += len(jobs[-1].waiting)
        self._company = len(jobs)
        batch = [(job, i, append) for job in jobs for i, append in job.waiting.items()]
        try:
            answers = self._answers([append for _, _, append in batch])
        except Exception as error:
            for job in jobs:
                job.error = error
        else:
            for (job, i, _), answer in zip(batch, answers, strict=True):
                if answer is not None:
                    job.answers[i] = answer
                    del job.waiting[i]
            if batch and not any(answers):
                time.sleep(_PAUSE_S)
        self._jobs.extend(job for job in jobs if not job.done)
        for job in jobs:
            if job.done and job is not mine:
                job.woken.put(None)

    def _answers(self, batch: Sequence[PreparedAppend]) -> Sequence[Answer | None]:
        try:
            return self._transact(batch) if batch else []
        except (psycopg.errors.UniqueViolation, psycopg.errors.DeadlockDetected):
            # Another door was first with a stream or an id: apart, each sees what it met.
            if len(batch) > 1:
                return [self._answers([append])[0] for append in batch]
            batch[0].collisions += 1
            if batch[0].collisions > _COLLISIONS:
                raise
            return [None]
