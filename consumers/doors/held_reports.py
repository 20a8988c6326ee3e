"""Reports on streams that nobody opened: held, and released when the stream opens.

Whoever opens a stream looks for what is held; whoever holds a report looks again whether the
stream is open: of two at once, one sees the other.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from consumers.doors.message import Message, parse
from consumers.ports.keys import Owners
from consumers.ports.store import (
    Appended,
    HeldReport,
    HeldReportStore,
    ReportHeld,
    Store,
    StreamAppend,
)
from domain.errors import ContentsDiffer, CustomerUnknown, NotFound, Refusal
from domain.event import Data, Event


class ReportNotHeld(NotFound):
    """No report with the id is held; it may have been released."""

    code = "report-not-held"
    has_remedy = True


class HeldReports:
    def __init__(self, store: Store, owners: Owners, held: HeldReportStore) -> None:
        self._store, self._owners, self._held = store, owners, held

    def hold(
        self, reports: Sequence[tuple[Message, bytes]], now: datetime
    ) -> list[ReportHeld | Refusal | Appended]:
        """Durable when it returns. Held twice is held once; other contents are refused."""
        ids = [message.event_id for message, _ in reports]
        before = {w.id: w.message for w in self._held.find(ids=ids)}
        new = {
            message.event_id: HeldReport(message.event_id, message.subject, message.type, now, line)
            for message, line in reports
            if message.event_id not in before
        }
        self._held.hold(list(new.values()))
        said = before | {id: w.message for id, w in new.items()}
        answers = self.release({message.subject for message, _ in reports})
        return [
            answers.get(id)
            or (ReportHeld(id, duplicate=id in before) if said[id] == line else ContentsDiffer())
            for id, (_, line) in zip(ids, reports, strict=True)
        ]

    def release(self, subjects: Collection[str] | None = None) -> dict[UUID, Appended | Refusal]:
        """Appends what waits for those of the subjects (None: of all) that are open now."""
        waiting = self._held.find(subjects=subjects)
        if not waiting:
            return {}
        opened = self._store.owners({w.subject for w in waiting})
        return self._append(
            [
                (w.id, parse(w.message).event(None if owner == w.subject else owner))
                for w in waiting
                if (owner := opened.get(w.subject))
            ]
        )

    def release_by_hand(self, id: UUID, customer: str | None) -> Appended | Refusal:
        """Opens the stream with the report: the customer's, or nobody's. Raises Refusal."""
        waiting = self._held.find(ids=[id])
        if not waiting:
            raise ReportNotHeld(f"no report is held under {id}: list the held reports", "id")
        owner = customer
        if customer and ":" in customer:
            owner = self._owners.find([customer]).get(customer)
        if customer and (owner is None or not self._owners.purposes([owner])):
            raise CustomerUnknown("customer: there is no such customer", "customer")
        answer = self._append([(id, parse(waiting[0].message).event(owner))])[id]
        self.release({waiting[0].subject})
        return answer

    def _append(self, events: Sequence[tuple[UUID, Event[Data]]]) -> dict[UUID, Appended | Refusal]:
        said = self._store.append([StreamAppend(e.stream, (e,)) for _, e in events])
        answers = {id: answer for (id, _), answer in zip(events, said, strict=True)}
        stored = [id for id, answer in answers.items() if isinstance(answer, Appended)]
        self._held.remove(stored)
        return answers
