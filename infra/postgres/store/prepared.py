"""An append as it is prepared outside of its transaction."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from domain.customer.events import ConsentGranted, ConsentWithdrawn
from domain.subject import is_subject

Seal = tuple[bytes, bytes]
"""An event's sealed envelope, which lacks only its position, and its digest."""


class EventColumns(Protocol):
    """The attributes of an event that are columns of `store.event`."""

    @property
    def id(self) -> UUID: ...
    @property
    def type(self) -> str: ...
    @property
    def time(self) -> datetime: ...


@dataclass(slots=True)
class PreparedAppend:
    """Events for one stream, with everything but the positions.

    `make_seals` encodes, seals and digests the events. It takes most of the time and needs no
    lock, so it may be called early or late. `needs` are the purposes that the owner must consent
    to; it is empty where the events belong to no customer.
    """

    stream: str
    expected: int | None
    owner: str
    partition: int
    events: Sequence[EventColumns]
    make_seals: Callable[[], Sequence[Seal]]
    needs: set[str]
    consent: Sequence[ConsentGranted | ConsentWithdrawn]
    collisions: int = 0
    _seals: Sequence[Seal] = ()

    def seals(self) -> Sequence[Seal]:
        """The seal of each event, made at the first call."""
        self._seals = self._seals or self.make_seals()
        return self._seals

    @property
    def has_versions(self) -> bool:
        """Whether the stream's version must be looked up.

        A fact without an expected version is a stream of its own, and its id is check enough.
        """
        return is_subject(self.stream) or self.expected is not None

    @property
    def is_single_fact(self) -> bool:
        """Whether only its owner's consent must be checked before it gets a number."""
        return len(self.events) == 1 and not self.has_versions
