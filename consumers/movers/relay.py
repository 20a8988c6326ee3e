"""The relay: copies the store to the log, each partition in order.

Relays share the partitions by leases. The last record of a partition in the log says how far its
copy is. A relay that has lost a lease without noticing writes events a second time, and readers
skip those.
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
MAX_EVENTS = 6_000
"""Events of a batch. While one is written the next one is read."""

CHECK_S = 10.0
"""After this time the end of the log is read again: the log may be lost, or the store restored."""

Batches = dict[int, list[tuple[StoredEnvelope, bytes]]]
"""Events to write, each with its chain, by partition."""


@dataclass(slots=True)
class _Copy:
    """A partition that this relay holds, up to the last event that was written or is being written.

    `chain` is the chain of that event.
    """

    epoch: int
    number: int
    chain: bytes


def next_chain(chain: bytes, envelope: bytes) -> bytes:
    """Return SHA-256(chain of the event before ‖ envelope); that of the first event is empty."""
    return sha256(chain + envelope).digest()


def check_copy(
    store: EnvelopeStore, log: LogWriter, partitions: Collection[int]
) -> Mapping[int, LogRecord]:
    """Check that the log is a copy of the store; return the last record of each partition with any.

    Where the log has more events than the store, it makes the store refuse appends and raises
    LogAhead. Where an event differs, it raises LogDiffers.
    """
    lasts = log.last_records(partitions)
    # Read after the log: events reach the store first, so a healthy log is never ahead of these.
    heads = store.heads()
    for partition, last in lasts.items():
        if number := min(last.number, heads[partition]):
            [stored] = store.read(partition, number - 1, 1)
            record = last
            if number < last.number:
                [record] = log.read_records(partition, number - 1, 1)
            if stored.envelope != record.envelope:
                raise LogDiffers(partition, number)
    for partition, last in lasts.items():
        if last.number > heads[partition]:
            store.refuse_appends()
            raise LogAhead(partition, last.number, heads[partition])
    return lasts


class Relay:
    """A member of the group of relays."""

    def __init__(
        self,
        store: EnvelopeStore,
        log: LogWriter,
        subscription: Subscription,
        max_events: int = MAX_EVENTS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store, self._log, self._subscription = store, log, subscription
        self._max_events, self._clock = max_events, clock
        self._copies: dict[int, _Copy] = {}
        self._checked_at = clock()
        self._writer = ThreadPoolExecutor(1, "relay")
        self._writing: Future[None] | None = None
        self._written: dict[int, int] = {}
        self.unconfirmed_writes = 0

    def step(self) -> int:
        """Wait for the batch that is being written, and start to write the next one.

        Returns the number of events in it. Raises LogAhead or LogDiffers where the log is no copy
        of the store; that is checked for a new partition, and for all every CHECK_S seconds.
        """
        heads = self._store.heads()
        self._update_copies(self._subscription.poll().epochs, heads)
        batches = self._read(heads)
        try:
            self._await_write()
        except WriteUnconfirmed:
            # The batch that was just read follows events that the log may lack.
            self.unconfirmed_writes += 1
            self._copies.clear()
            return 0
        if batches:
            self._writing = self._writer.submit(self._log.write, batches)
            self._written = {p: batch[-1][0].number for p, batch in batches.items()}
        return sum(map(len, batches.values()))

    def drain(self) -> int:
        """Step until the log has everything that the store had of the partitions of this relay."""
        total = 0
        while (count := self.step()) or self._writing:
            total += count
        return total

    def close(self) -> None:
        self._writer.shutdown()
        self._subscription.close()

    def _update_copies(self, epochs: Mapping[int, int], heads: Mapping[int, int]) -> None:
        """Read where the log ends, for each partition that is new or has to be checked."""
        if not self._writing and self._clock() - self._checked_at > CHECK_S:
            self._copies.clear()
        for partition, copy in list(self._copies.items()):
            # If the store is behind our copy, it was restored: compare again.
            if partition not in epochs or copy.number > heads[partition]:
                del self._copies[partition]
        new = {
            p
            for p, epoch in epochs.items()
            if p not in self._copies or self._copies[p].epoch != epoch
        }
        if not new:
            return
        lasts = check_copy(self._store, self._log, new)
        self._checked_at = self._clock()
        for partition in new:
            self._copies[partition] = copy = _Copy(epochs[partition], 0, b"")
            if last := lasts.get(partition):
                copy.number, copy.chain = last.number, last.chain
        self._store.note_relayed({partition: self._copies[partition].number for partition in new})

    def _read(self, heads: Mapping[int, int]) -> Batches:
        """Read the next events of every partition, and note them as written."""
        behind = [p for p, copy in self._copies.items() if heads[p] > copy.number]
        batches: Batches = {}
        for partition in behind:
            copy = self._copies[partition]
            batches[partition] = batch = []
            limit = max(1, self._max_events // len(behind))
            for stored in self._store.read(partition, copy.number, limit):
                copy.number, copy.chain = stored.number, next_chain(copy.chain, stored.envelope)
                batch.append((stored, copy.chain))
        return batches

    def _await_write(self) -> None:
        writing, self._writing = self._writing, None
        if writing:
            writing.result()
            self._store.note_relayed(self._written)
