"""Takes messages from a topic to the doors; what is refused is kept, and its sender not held up.

A message counts as taken when it is stored or kept. One that comes twice is known by its id, or
kept already.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from consumers.doors.inbox import Inbox, InboxAnswer, InboxMessage
from consumers.movers.fold import error_summary
from consumers.ports.inbox import InboxTopic, Quarantine, ReceivedMessage
from domain.errors import Malformed, Refusal


class InternalFault(Refusal):
    """A message failed in the product itself; it may be correct."""

    code = "internal-fault"

    def __init__(self, error: Exception) -> None:
        super().__init__(
            f"{error_summary(error)}: this is a fault of the product. Send the message again "
            "with a release that corrects it"
        )


class InboxDoor:
    """Takes messages to the doors. `passes` tells errors that pass by themselves."""

    def __init__(
        self,
        read: Callable[[ReceivedMessage], InboxMessage],
        door: Inbox,
        now: Callable[[], datetime],
        passes: Callable[[Exception], bool],
    ) -> None:
        self._read, self._door, self._now, self._passes = read, door, now, passes

    def take(self, messages: Sequence[ReceivedMessage]) -> list[InboxAnswer]:
        answers: dict[int, InboxAnswer] = {}
        said: dict[int, InboxMessage] = {}
        for i, message in enumerate(messages):
            try:
                said[i] = self._read(message)
            except Malformed as refusal:
                answers[i] = refusal
        answers |= zip(said, self._accept(list(said.values())), strict=True)
        return [answers[i] for i in range(len(messages))]

    def _accept(self, said: Sequence[InboxMessage]) -> list[InboxAnswer]:
        try:
            return self._door.accept(said, self._now())
        except Exception as error:
            if self._passes(error):
                raise
            if len(said) == 1:
                return [InternalFault(error)]
        return [answer for one in said for answer in self._accept([one])]


class InboxMember:
    """A member of the group that takes in a topic."""

    def __init__(self, topic: InboxTopic, taker: InboxDoor, quarantine: Quarantine) -> None:
        self._topic, self._taker, self._quarantine = topic, taker, quarantine

    def step(self) -> int:
        """Takes what is there; the number of messages. Raises what passes by itself."""
        messages = self._topic.poll()
        if messages:
            answers = zip(messages, self._taker.take(messages), strict=True)
            self._quarantine.keep([(m, a) for m, a in answers if isinstance(a, Refusal)])
            self._topic.commit()
        return len(messages)
