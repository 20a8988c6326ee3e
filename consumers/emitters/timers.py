"""Says what has become due: a quote expires, a promise is kept or missed, an intake is abandoned.

The only part that asks the time by itself. What it says is idempotent (a command's id, or an
event's, follows from its cause), so it may be killed at any moment and say it again.
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
    """`due` gives the rows whose time has come; `clock` the time."""

    def __init__(
        self,
        due: Callable[[datetime], Iterable[DueRow]],
        commands: Commands,
        store: Store,
        clock: Callable[[], datetime],
    ) -> None:
        self._due, self._commands, self._store, self._clock = due, commands, store, clock

    def run(self) -> int:
        """How many events were recorded. What is refused (no consent any more) is left alone."""
        now = self._clock()
        return sum(self._say(row, now) for row in self._due(now))

    def _say(self, row: DueRow, now: datetime) -> int:
        try:
            match row.kind:
                case "quote":
                    return self._ask(row, "expire-quote", now, quote_id=row.ref)
                case "promise":
                    return self._ask(row, "settle-promise", now)
                case _:
                    return self._abandon(row)
        except Refusal:
            return 0

    def _ask(self, row: DueRow, name: str, now: datetime, **arguments: str) -> int:
        command = Command(
            id=f"{name}/{row.cause}", source=SOURCE, subject=row.subject, name=name,
            arguments=arguments, time=now, actor=ACTOR,
        )  # fmt: skip
        done = self._commands.execute(command)
        return 0 if done.duplicate else len(done.events)

    def _abandon(self, row: DueRow) -> int:
        """A fact: at the moment that it became due, whenever that is noticed."""
        assert row.due
        said = Event(
            id=event_id(SOURCE, f"abandon/{row.cause}"),
            source=SOURCE,
            subject=row.subject,
            time=row.due,
            data=IntakeAbandoned(intake_id=row.ref, last_question_id=row.last_question),
            customerid=row.customer,
            actor=ACTOR,
            causationid=str(row.cause),
        )
        [answer] = self._store.append([StreamAppend(said.stream, (said,))])
        return 0 if isinstance(answer, Refusal) or answer.duplicate else 1
