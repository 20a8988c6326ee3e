"""Timers: they record what has fallen due. A quote expires, a promise is kept or missed, an intake
is abandoned.

The id of each command and event is derived from the event that set the due time. So a run that was
killed is simply repeated: nothing is recorded twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime

from consumers.doors.commands import Command, Commands
from consumers.ports.store import Store, StreamAppend
from domain.customer.events import IntakeAbandoned
from domain.errors import Refusal
from domain.event import Event, event_id
from projections.due import DueRow

SOURCE = "/ordermade/timers"
ACTOR = "timers"


class Timers:
    """Records that quotes expired, promises were kept or missed, and intakes were abandoned.

    `due` returns the rows that are due at a time, `clock` the present time.
    """

    def __init__(
        self,
        due: Callable[[datetime], Iterable[DueRow]],
        commands: Commands,
        store: Store,
        clock: Callable[[], datetime],
    ) -> None:
        self._due, self._commands, self._store, self._clock = due, commands, store, clock

    def run(self) -> int:
        """Record what is due now; return the number of events.

        What is refused is left out, for example because a consent was withdrawn.
        """
        now = self._clock()
        return sum(self._record(row, now) for row in self._due(now))

    def _record(self, row: DueRow, now: datetime) -> int:
        try:
            match row.kind:
                case "quote":
                    return self._execute(row, "expire-quote", now, quote_id=row.ref)
                case "promise":
                    return self._execute(row, "settle-promise", now)
                case _:  # an intake
                    return self._abandon(row)
        except Refusal:
            return 0

    def _execute(self, row: DueRow, name: str, now: datetime, **arguments: str) -> int:
        command = Command(
            id=f"{name}/{row.cause}", source=SOURCE, subject=row.subject, name=name,
            arguments=arguments, time=now, actor=ACTOR,
        )  # fmt: skip
        result = self._commands.execute(command)
        return 0 if result.duplicate else len(result.events)

    def _abandon(self, row: DueRow) -> int:
        """Record a fact whose time is the due time, however late it is recorded."""
        assert row.due  # rows without `due` are not returned
        event = Event(
            id=event_id(SOURCE, f"abandon/{row.cause}"),
            source=SOURCE,
            subject=row.subject,
            time=row.due,
            data=IntakeAbandoned(intake_id=row.ref, last_question_id=row.last_question),
            customerid=row.customer,
            actor=ACTOR,
            causationid=str(row.cause),
        )
        [answer] = self._store.append([StreamAppend(event.stream, (event,))])
        return 0 if isinstance(answer, Refusal) or answer.duplicate else 1
