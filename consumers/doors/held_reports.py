"""Reports on streams that nobody has opened: held, and appended when the stream opens.

A report that names no customer has no owner before its stream is open, and an owner never changes.
Whoever opens a stream looks for held reports, and whoever holds a report looks again whether the
stream is open. So if both happen at once, one of them sees the other.
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
    """Holds reports on unopened streams, and appends them once the stream opens."""

    def __init__(self, store: Store, owners: Owners, report_store: HeldReportStore) -> None:
        self._store, self._owners, self._report_store = store, owners, report_store

    def hold(
        self, reports: Sequence[tuple[Message, bytes]], now: datetime
    ) -> list[ReportHeld | Refusal | Appended]:
        """Hold reports, given with the lines that they were sent as; return the answer to each.

        A report whose stream has been opened meanwhile is appended. Holding a report twice holds it
        once; the same id with other contents is refused.
        """
        ids = [message.event_id for message, _ in reports]
        earlier = {report.id: report.message for report in self._report_store.find(ids=ids)}
        new = {
            message.event_id: HeldReport(message.event_id, message.subject, message.type, now, line)
            for message, line in reports
            if message.event_id not in earlier
        }
        self._report_store.hold(list(new.values()))
        contents = earlier | {id: report.message for id, report in new.items()}
        answers = self.release({message.subject for message, _ in reports})
        return [
            answers.get(id)
            or (
                ReportHeld(id, duplicate=id in earlier)
                if contents[id] == line
                else ContentsDiffer()
            )
            for id, (_, line) in zip(ids, reports, strict=True)
        ]

    def release(self, subjects: Collection[str] | None = None) -> dict[UUID, Appended | Refusal]:
        """Append the held reports on those of the subjects that are open; None stands for all."""
        reports = self._report_store.find(subjects=subjects)
        if not reports:
            return {}
        owners = self._store.owners({report.subject for report in reports})
        return self._append(
            [
                (report.id, _event(report, None if owner == report.subject else owner))
                for report in reports
                if (owner := owners.get(report.subject))
            ]
        )

    def release_by_hand(self, id: UUID, customer: str | None) -> Appended | Refusal:
        """Open the stream of a report with the report itself, for a customer or for nobody.

        The other reports on the stream follow. Raises ReportNotHeld or CustomerUnknown.
        """
        reports = self._report_store.find(ids=[id])
        if not reports:
            raise ReportNotHeld(f"no report is held under {id}: list the held reports", "id")
        [report] = reports
        owner = customer
        if customer and ":" in customer:
            owner = self._owners.find([customer]).get(customer)
        if customer and (owner is None or not self._owners.purposes([owner])):
            raise CustomerUnknown(
                "customer: there is no such customer, name an existing one", "customer"
            )
        answer = self._append([(id, _event(report, owner))])[id]
        self.release({report.subject})
        return answer

    def _append(self, events: Sequence[tuple[UUID, Event[Data]]]) -> dict[UUID, Appended | Refusal]:
        stored = self._store.append([StreamAppend(event.stream, (event,)) for _, event in events])
        answers = {id: answer for (id, _), answer in zip(events, stored, strict=True)}
        self._report_store.remove(
            [id for id, answer in answers.items() if isinstance(answer, Appended)]
        )
        return answers


def _event(report: HeldReport, customer: str | None) -> Event[Data]:
    return parse(report.message).event(customer)
