"""How far each consumer group is behind."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from consumers.ports.log import Log
from consumers.ports.views import GroupLag, GroupProgress, ViewReader
from projections import discover


class PartitionLag(msgspec.Struct, frozen=True):
    """A `GroupLag` with the name of the view that the group keeps; None for other groups."""

    view: str | None
    group: str
    partition: int
    head: int
    position: int
    events: int
    seconds: float
    member: str | None
    stopped: str | None


def group_lags(
    views: ViewReader, progress: GroupProgress, log: Log | None, inbox: Sequence[GroupLag]
) -> list[PartitionLag]:
    """Return a lag for each group and partition: the inbox's, the relay's, then the views'.

    Pass the log, and how far the inbox is read, only where the log is in Kafka.
    """
    names = {group: name for name, group in views.live().items() if name in discover()}
    relay = progress.relay(log.heads()) if log else []
    return [
        PartitionLag(
            view=names.get(lag.group),
            group=lag.group,
            partition=lag.partition,
            head=lag.head,
            position=lag.position,
            events=lag.events,
            seconds=lag.seconds,
            member=lag.member,
            stopped=lag.stopped,
        )
        for lag in [*inbox, *relay, *progress.lags(names)]
    ]
