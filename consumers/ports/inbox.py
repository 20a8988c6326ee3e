"""The inbox: a topic that publishers write messages to, and the quarantine of refused ones."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from domain.errors import Refusal


@dataclass(frozen=True, slots=True)
class ReceivedMessage:
    """A record of the inbox, whether it is a valid message or not."""

    partition: int
    offset: int
    received: datetime
    key: bytes | None
    headers: tuple[tuple[str, bytes | None], ...]
    value: bytes | None


class InboxTopic(Protocol):
    """The inbox for one member of its consumer group."""

    def poll(self) -> Sequence[ReceivedMessage]:
        """Return the next messages, or none after a short wait."""
        ...

    def commit(self) -> None:
        """Mark everything that was polled as accepted or quarantined."""
        ...


@dataclass(frozen=True, slots=True)
class QuarantinedMessage:
    """A refused message, and the reason of its latest refusal."""

    id: UUID
    reason: str
    message: ReceivedMessage


class Quarantine(Protocol):
    """Refused messages, sealed, until a person amends, accepts or drops them."""

    def add(self, refused: Sequence[tuple[ReceivedMessage, Refusal]]) -> None:
        """Store messages durably. A message that is there already is not changed."""
        ...

    def find(self, ids: Collection[UUID] | None = None) -> list[QuarantinedMessage]:
        """Return the messages with the ids in the order of their arrival; None stands for all."""
        ...

    def replace(self, id: UUID, message: ReceivedMessage, refusal: Refusal) -> None:
        """Store an amended message, and the reason of its refusal, under the id of the first."""
        ...

    def remove(self, ids: Collection[UUID]) -> None: ...
