"""The reading of the inbox: messages are accepted by the doors, or refused and quarantined.

A batch is committed when each of its messages is stored or quarantined. So a message may be read
twice, but it is stored once, because of its id, and quarantined once.
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


class InboxReceiver:
    """Parses records of the inbox topic and passes them to the inbox of the doors.

    A fault of the product becomes a refusal of that one message. `parse` returns what a record
    holds, or raises Malformed. `is_transient` tells the errors that a retry can resolve, such as an
    unreachable database.
    """

    def __init__(
        self,
        parse: Callable[[ReceivedMessage], InboxMessage],
        inbox: Inbox,
        now: Callable[[], datetime],
        is_transient: Callable[[Exception], bool],
    ) -> None:
        self._parse, self._inbox, self._now = parse, inbox, now
        self._is_transient = is_transient

    def accept(self, received: Sequence[ReceivedMessage]) -> list[InboxAnswer]:
        """Return the answer to each message. Raises errors that are transient."""
        answers: dict[int, InboxAnswer] = {}
        messages: dict[int, InboxMessage] = {}
        for i, record in enumerate(received):
            try:
                messages[i] = self._parse(record)
            except Malformed as refusal:
                answers[i] = refusal
        answers |= zip(messages, self._accept(list(messages.values())), strict=True)
        return [answers[i] for i in range(len(received))]

    def _accept(self, messages: Sequence[InboxMessage]) -> list[InboxAnswer]:
        """Accept messages together, and one by one if an error occurs: it may be due to one."""
        try:
            return self._inbox.accept(messages, self._now())
        except Exception as error:
            if self._is_transient(error):
                raise
            if len(messages) == 1:
                return [InternalFault(error)]
        return [answer for message in messages for answer in self._accept([message])]


class InboxMember:
    """A member of the consumer group that reads the inbox."""

    def __init__(self, topic: InboxTopic, door: InboxReceiver, quarantine: Quarantine) -> None:
        self._topic, self._door, self._quarantine = topic, door, quarantine

    def step(self) -> int:
        """Process the next messages; return their number. Raises errors that are transient."""
        received = self._topic.poll()
        if received:
            answers = zip(received, self._door.accept(received), strict=True)
            self._quarantine.add([(m, a) for m, a in answers if isinstance(a, Refusal)])
            self._topic.commit()
        return len(received)
