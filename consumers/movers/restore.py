"""Gives a store back what its log has more: from nothing, or from where a backup ends.

Nobody appends meanwhile. Each batch is whole, so a restore that was killed goes on where it was.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from consumers.movers.relay import compare, next_chain
from consumers.ports.log import LogAhead, LogForged, LogWriter
from consumers.ports.store import RestorableStore

BATCH = 5_000


def missing(store: RestorableStore, log: LogWriter) -> dict[int, int]:
    """How many events of each partition the log has more than the store; closes the store then.

    Raises LogDiffers where the log is that of another store.
    """
    heads = store.heads()
    with suppress(LogAhead):
        compare(store, log, heads)
    ends = {partition: last.number for partition, last in log.last_records(heads).items()}
    return {p: end - heads[p] for p, end in ends.items() if end > heads[p]}


def pull(
    store: RestorableStore, log: LogWriter, partition: int, told: Callable[[int], None]
) -> None:
    """Takes what the log has of a partition, up to its end; tells how many events at a time.

    Raises LogForged where an event does not follow from those before it.
    """
    after = store.heads()[partition]
    chain = log.read_records(partition, after - 1, 1)[0].chain if after else b""
    while page := log.read_records(partition, after, BATCH):
        for carried in page:
            chain = next_chain(chain, carried.envelope)
            if chain != carried.chain:
                raise LogForged(partition, carried.number)
        store.put(partition, page)
        after = page[-1].number
        told(len(page))
