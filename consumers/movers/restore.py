"""The restore of a store from its log: of everything, or of what came after a backup.

Nobody appends to the store meanwhile. Each batch is one transaction, so that a restore that was
killed continues where it ended.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from consumers.movers.relay import check_copy, next_chain
from consumers.ports.log import LogAhead, LogForged, LogWriter
from consumers.ports.store import RestorableStore

BATCH = 5_000


def count_missing(store: RestorableStore, log: LogWriter) -> dict[int, int]:
    """Return how many events the log has that the store lacks, by partition.

    If there are any, the store refuses appends from now on. Raises LogDiffers where log and store
    have different events under one number.
    """
    heads = store.heads()
    with suppress(LogAhead):
        check_copy(store, log, heads)
    ends = {partition: last.number for partition, last in log.last_records(heads).items()}
    return {p: end - heads[p] for p, end in ends.items() if end > heads[p]}


def restore_partition(
    store: RestorableStore, log: LogWriter, partition: int, on_progress: Callable[[int], None]
) -> None:
    """Store the events of a partition that the store lacks.

    `on_progress` is called with the number of events of each batch. Raises LogForged for an event
    whose chain does not follow from the events before it.
    """
    after = store.heads()[partition]
    chain = log.read_records(partition, after - 1, 1)[0].chain if after else b""
    while page := log.read_records(partition, after, BATCH):
        for record in page:
            chain = next_chain(chain, record.envelope)
            if chain != record.chain:
                raise LogForged(partition, record.number)
        store.put(partition, page)
        after = page[-1].number
        on_progress(len(page))
