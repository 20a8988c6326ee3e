"""Appends of many callers in one transaction: what arrives while one runs goes into the next."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field

import psycopg

from consumers.ports import Appended
from domain.errors import Refusal
from infra.postgres.placing import Sealed

Answer = Appended | Refusal
Transact = Callable[[Sequence[Sealed]], list[Answer | None]]
"""One transaction; None for an append that another transaction's lock keeps out of it."""

GATHERERS = 2
"""Connections that append side by side; more only wait for each other's partitions."""
_MOST = 1_000  # appends in a transaction
_COLLISIONS = 10
_PAUSE_S = 0.002


@dataclass(slots=True)
class _Job:
    """One caller's appends, until each is answered."""

    waiting: dict[int, Sealed]
    answers: dict[int, Answer] = field(default_factory=dict)
    done: Future[dict[int, Answer]] = field(default_factory=Future)


class Gatherer:
    def __init__(self, transact: Transact) -> None:
        self._transact = transact
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._threads = [
            threading.Thread(target=self._run, name=f"gatherer-{i}", daemon=True)
            for i in range(GATHERERS)
        ]
        for thread in self._threads:
            thread.start()

    def close(self) -> None:
        for _ in self._threads:
            self._jobs.put(None)
        for thread in self._threads:
            thread.join()

    def append(self, appends: dict[int, Sealed]) -> dict[int, Answer]:
        """Returns when each is answered, and what was stored is durable."""
        if not appends:
            return {}
        job = _Job(appends)
        self._jobs.put(job)
        return job.done.result()

    def _run(self) -> None:
        while (first := self._jobs.get()) is not None:
            jobs = [first]
            while sum(len(job.waiting) for job in jobs) < _MOST:
                try:
                    job = self._jobs.get_nowait()
                except queue.Empty:
                    break
                if job is None:
                    self._jobs.put(None)  # for after this batch
                    break
                jobs.append(job)
            self._settle(jobs)

    def _settle(self, jobs: Sequence[_Job]) -> None:
        """Answers what can be answered; a job with more to wait for goes into the next batch."""
        batch = [(job, i, sealed) for job in jobs for i, sealed in job.waiting.items()]
        try:
            answers = self._answers([sealed for _, _, sealed in batch])
        except Exception as error:
            for job in jobs:
                job.done.set_exception(error)
            return
        for (job, i, _), answer in zip(batch, answers, strict=True):
            if answer is not None:
                job.answers[i] = answer
                del job.waiting[i]
        if all(answer is None for answer in answers):
            time.sleep(_PAUSE_S)
        for job in jobs:
            if job.waiting:
                self._jobs.put(job)
            else:
                job.done.set_result(job.answers)

    def _answers(self, batch: Sequence[Sealed]) -> list[Answer | None]:
        try:
            return self._transact(batch)
        except psycopg.errors.UniqueViolation:
            # Another door was first with a stream or an id: apart, each sees what it met.
            if len(batch) > 1:
                return [self._answers([sealed])[0] for sealed in batch]
            batch[0].collisions += 1
            if batch[0].collisions > _COLLISIONS:
                raise
            return [None]
