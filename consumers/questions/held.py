"""Reports on streams that nobody has opened: listed, and released by a person."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import msgspec

from consumers.doors.held_reports import HeldReports
from consumers.ports.store import Appended, HeldReportStore
from domain.errors import NotFound, Refusal


class HeldReportSummary(msgspec.Struct, frozen=True):
    """A held report without its contents, which stay sealed."""

    id: UUID
    subject: str
    type: str
    received: datetime


def list_held(store: HeldReportStore) -> list[HeldReportSummary]:
    """Return the held reports in the order in which they were received."""
    return [HeldReportSummary(r.id, r.subject, r.type, r.received) for r in store.find()]


def release_held(id: str, customer: str | None, reports: HeldReports) -> Appended:
    """Open a stream with a held report, and append the other reports that wait for it.

    The stream belongs to the customer, `namespace:id` or our id; without one to no customer, for
    good. Raises NotFound for an unknown id, or the refusal of the report.
    """
    try:
        report_id = UUID(id)
    except ValueError:
        raise NotFound(f"no report is held under {id}", "id") from None
    answer = reports.release_by_hand(report_id, customer)
    if isinstance(answer, Refusal):
        raise answer
    return answer
