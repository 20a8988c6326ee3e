"""Appends of several threads, gathered into one transaction.

What arrives while a transaction runs goes into the next one. No thread of its own does this: a
caller that finds no transaction running takes everything that waits, its own appends included,
and runs one for all callers. A hand-over between threads costs more than a small append.
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
from infra.postgres.store.prepared import PreparedAppend

Answer = Appended | Refusal
Transact = Callable[[Sequence[PreparedAppend]], Sequence[Answer | None]]
"""Runs one transaction; None for an append whose owner another transaction has locked."""

_MAX_APPENDS = 1_000
_MAX_COLLISIONS = 10
_LOCKED_PAUSE_S = 0.002
"""The pause after a transaction in which the owners of all appends were locked."""

_RETURN_PAUSE_S, _RETURN_PAUSES = 0.00002, 8
"""Callers of the last transaction are likely to append again at once: waiting for them, up to half
a millisecond in all, makes the next transaction larger."""


@dataclass(slots=True)
class _Job:
    """One caller's appends, until each is answered."""

    pending: dict[int, PreparedAppend]
    answers: dict[int, Answer] = field(default_factory=dict)
    error: Exception | None = None
    wake: queue.SimpleQueue[None] = field(default_factory=queue.SimpleQueue)

    @property
    def is_done(self) -> bool:
        return self.error is not None or not self.pending


class Gatherer:
    """The transactions of many threads, one transaction at a time."""

    def __init__(self, transact: Transact) -> None:
        self._transact = transact
        self._jobs: collections.deque[_Job] = collections.deque()
        self._running = threading.Lock()
        self._last_jobs = 1  # jobs in the last transaction

    def append(self, appends: dict[int, PreparedAppend]) -> dict[int, Answer]:
        """The answers under the same keys, when all are given and the events are durable."""
        if not appends:
            return {}
        job = _Job(appends)
        self._jobs.append(job)
        while not job.is_done:
            if not self._running.acquire(blocking=False):
                job.wake.get()
                continue
            try:
                self._run(job)
            finally:
                self._running.release()
            # After the release: a caller that came before it did not get the lock, and sleeps.
            with suppress(IndexError):
                self._jobs[0].wake.put(None)
        if job.error:
            raise job.error
        return job.answers

    def _run(self, own: _Job) -> None:
        """Run one transaction for all that waits, and wake the callers that are answered."""
        for _ in range(_RETURN_PAUSES):
            if len(self._jobs) >= self._last_jobs:
                break
            time.sleep(_RETURN_PAUSE_S)
        jobs: list[_Job] = []
        count = 0
        while self._jobs and count < _MAX_APPENDS:
            jobs.append(self._jobs.popleft())
            count += len(jobs[-1].pending)
        self._last_jobs = len(jobs)
        batch = [(job, i, append) for job in jobs for i, append in job.pending.items()]
        try:
            answers = self._answers([append for _, _, append in batch])
        except Exception as error:
            for job in jobs:
                job.error = error
        else:
            for (job, i, _), answer in zip(batch, answers, strict=True):
                if answer is not None:
                    job.answers[i] = answer
                    del job.pending[i]
            if batch and not any(answers):
                time.sleep(_LOCKED_PAUSE_S)
        self._jobs.extend(job for job in jobs if not job.is_done)
        for job in jobs:
            if job.is_done and job is not own:
                job.wake.put(None)

    def _answers(self, batch: Sequence[PreparedAppend]) -> Sequence[Answer | None]:
        try:
            return self._transact(batch) if batch else []
        except (psycopg.errors.UniqueViolation, psycopg.errors.DeadlockDetected):
            # Another process stored the same stream or id meanwhile. Tried one by one, the append
            # that collided finds what was stored.
            if len(batch) > 1:
                return [self._answers([append])[0] for append in batch]
            batch[0].collisions += 1
            if batch[0].collisions > _MAX_COLLISIONS:
                raise
            return [None]
