"""Tells a reader whether events it misses in the log are still to come from a relay.

Then the reader waits instead of failing. A topic that is new, or was deleted and created again,
lacks events that its readers have seen. Readers do not wait for events that the store does not
have, nor on another deployment's topic.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from consumers.movers.relay import check_copy
from consumers.ports.log import LogAhead, LogWriter
from consumers.ports.store import EnvelopeStore

_REPORT_S = 10.0  # at most one message that readers wait is sent in this time
_VALID_S = 1.0  # an answer is reused for this long, because a new one takes four requests


class LogCopy:
    """The copy of a store. `on_wait` is called with a sentence while readers wait for the relay."""

    def __init__(
        self,
        store: EnvelopeStore,
        log: LogWriter,
        on_wait: Callable[[str], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store, self._log, self._on_wait, self._clock = store, log, on_wait, clock
        self._missing: dict[int, tuple[range, float]] = {}
        self._next_report = clock()

    def lacks(self, partition: int, number: int) -> bool:
        """Whether the store has an event that the log does not have yet.

        Raises LogDiffers where log and store have different events under one number.
        """
        missing, until = self._missing.get(partition, (range(0), 0.0))
        if number not in missing or self._clock() > until:
            missing = self._find_missing(partition)
            self._missing[partition] = missing, self._clock() + _VALID_S
        if number not in missing:
            return False
        if self._clock() >= self._next_report:
            self._next_report = self._clock() + _REPORT_S
            self._on_wait(
                f"the log lacks {len(missing)} events of partition {partition}, from number "
                f"{missing.start} on: waiting until a relay has copied them from the store"
            )
        return True

    def _find_missing(self, partition: int) -> range:
        """The numbers that the store has and the log does not."""
        try:
            last = check_copy(self._store, self._log, [partition]).get(partition)
        except LogAhead:
            # Such a log gets nothing from the store; the relay reports the error.
            return range(0)
        return range(last.number + 1 if last else 1, self._store.heads()[partition] + 1)
