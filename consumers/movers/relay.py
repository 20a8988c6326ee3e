"""Copies the store to the log: each partition in order, by whoever holds its lease.

Where a partition's copy stands, the log's own last record says. A relay that loses its lease
without knowing writes events a second time, and readers skip those.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from hashlib import sha256

from consumers.ports.log import (
    LogAhead,
    LogDiffers,
    LogRecord,
    LogWriter,
    StoredEnvelope,
    Subscription,
    WriteUnconfirmed,
)
from consumers.ports.store import EnvelopeStore

GROUP = "relay"
MOST = 6_000
"""Events on their way at a time; as many again are read meanwhile."""

LOOK_S = 10.0
"""After so long it looks again what the log has: it may have been lost, or the store be another."""

Batches = dict[int, list[tuple[StoredEnvelope, bytes]]]


@dataclass(slots=True)
class _Held:
    """A partition that this relay holds: what the log has of it, or will have."""

    epoch: int
    number: int
    chain: bytes


def next_chain(chain: bytes, envelope: bytes) -> bytes:
    """SHA-256 of the chain of the event before (empty for the first) and the envelope."""
    return sha256(chain + envelope).digest()


def compare(
    store: EnvelopeStore, log: LogWriter, partitions: Collection[int]
) -> Mapping[int, LogRecord]:
    """The last event that the log has of each of the partitions, if the store has it too.

    Raises LogAhead, and closes the store, where the log goes on from the store; LogDiffers where
    it is the log of another one.
    """
    lasts = log.last_records(partitions)
    heads = store.heads()  # after the log: what is in there was in here before
    for partition, last in lasts.items():
        if number := min(last.number, heads[partition]):
            [ours] = store.read(partition, number - 1, 1)
            [theirs] = (
                [last] if number == last.number else log.read_records(partition, number - 1, 1)
            )
            if ours.envelope != theirs.envelope:
                raise LogDiffers(partition, number)
    for partition, last in lasts.items():
        if last.number > heads[partition]:
            store.refuse_appends()
            raise LogAhead(partition, last.number, heads[partition])
    return lasts


class Relay:
    """A member of the group of relays, which share the partitions."""

    def __init__(
        self,
        store: EnvelopeStore,
        log: LogWriter,
        subscription: Subscription,
        most: int = MOST,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store, self._log, self._subscription = store, log, subscription
        self._most, self._clock = most, clock
        self._held: dict[int, _Held] = {}
        self._looked = clock()
        self._thread = ThreadPoolExecutor(1, "relay")
        self._writing: Future[None] | None = None
        self._sent: dict[int, int] = {}
        self.failures = 0

    def step(self) -> int:
        """Sends a batch, when the one before it is acknowledged; the number of events.

        Raises LogAhead or LogDiffers where the log is not a copy of the store; that is looked at
        when a partition is taken, and from time to time.
        """
        heads = self._store.heads()
        self._hold(self._subscription.poll().epochs, heads)
        batches = self._read(heads)
        try:
            self._settle()
        except WriteUnconfirmed:
            # What was read goes on from an event that may be missing.
            self.failures += 1
            self._held.clear()
            return 0
        if batches:
            self._writing = self._thread.submit(self._log.write, batches)
            self._sent = {partition: batch[-1][0].number for partition, batch in batches.items()}
        return sum(map(len, batches.values()))

    def drain(self) -> int:
        """Steps until the log has everything that the store had of its partitions."""
        total = 0
        while (handled := self.step()) or self._writing:
            total += handled
        return total

    def close(self) -> None:
        self._thread.shutdown()
        self._subscription.close()

    def _hold(self, epochs: Mapping[int, int], heads: Mapping[int, int]) -> None:
        if not self._writing and self._clock() - self._looked > LOOK_S:
            self._held.clear()
        for partition in [p for p, held in self._held.items() if p not in epochs
                          or held.number > heads[p]]:  # fmt: skip
            del self._held[partition]
        new = {
            p for p, epoch in epochs.items() if p not in self._held or self._held[p].epoch != epoch
        }
        if not new:
            return
        lasts = compare(self._store, self._log, new)
        self._looked = self._clock()
        for partition in new:
            self._held[partition] = held = _Held(epochs[partition], 0, b"")
            if last := lasts.get(partition):
                held.number, held.chain = last.number, last.chain
        self._store.note_relayed({partition: self._held[partition].number for partition in new})

    def _read(self, heads: Mapping[int, int]) -> Batches:
        behind = [p for p, held in self._held.items() if heads[p] > held.number]
        batches: Batches = {}
        for partition in behind:
            held = self._held[partition]
            batches[partition] = batch = []
            for stored in self._store.read(
                partition, held.number, max(1, self._most // len(behind))
            ):
                held.number, held.chain = stored.number, next_chain(held.chain, stored.envelope)
                batch.append((stored, held.chain))
        return batches

    def _settle(self) -> None:
        writing, self._writing = self._writing, None
        if writing:
            writing.result()
            self._store.note_relayed(self._sent)
