"""The inbox: a topic of messages to accept, and the quarantine of the refused ones."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from domain.errors import Refusal


@dataclass(frozen=True, slots=True)
class ReceivedMessage:
    """A message as it came, whatever it is, and where and when."""

    partition: int
    offset: int
    received: datetime
    key: bytes | None
    headers: tuple[tuple[str, bytes | None], ...]
    value: bytes | None


class InboxTopic(Protocol):
    """Where messages come from, for one member of a group."""

    def poll(self) -> Sequence[ReceivedMessage]:
        """The next messages; none where there are none within a moment."""
        ...

    def commit(self) -> None:
        """All that was polled is taken."""
        ...


@dataclass(frozen=True, slots=True)
class QuarantinedMessage:
    """A message that was refused last for the reason."""

    id: UUID
    reason: str
    message: ReceivedMessage


class Quarantine(Protocol):
    """Where what was refused is kept, sealed, until a person mends, sends or drops it."""

    def keep(self, refused: Sequence[tuple[ReceivedMessage, Refusal]]) -> None:
        """Durable when it returns; what is there already stays as it is."""
        ...

    def find(self, ids: Collection[UUID] | None = None) -> list[QuarantinedMessage]:
        """In the order in which they came; None: all."""
        ...

    def keep_instead(self, id: UUID, message: ReceivedMessage, refusal: Refusal) -> None:
        """What is kept under an id is this from now on, refused for another reason."""
        ...

    def remove(self, ids: Collection[UUID]) -> None: ...
