"""What several decisions ask first. Each raises NotAllowed, with the field and the remedy."""

from __future__ import annotations

from domain.errors import CurrencyDiffers, NameUnknown, StatusForbids
from domain.order.progress import INACTIVE, OPEN_TO_CHOICES, Status
from domain.order.state import Order


def need_status(
    order: Order, wanted: set[Status] | frozenset[Status], done: str, remedy: str
) -> None:
    if order.status not in wanted:
        raise StatusForbids(
            f"the order is {order.status} and cannot {done}: {remedy}",
            "status",
            status=order.status.value,
        )


def need_agreed(order: Order, done: str) -> None:
    if order.status in OPEN_TO_CHOICES | INACTIVE:
        raise StatusForbids(
            f"the order is {order.status} and cannot {done}: place it first",
            "status",
            status=order.status.value,
        )


def need_line(order: Order, line_id: str) -> None:
    if order.progress.line(line_id) is None:
        known = ", ".join(line.line_id for line in order.progress.lines)
        raise NameUnknown(f"the order has no line {line_id}: its lines are {known}", "line_id")


def need_currency(order: Order, currency: str | None) -> None:
    known = order.progress.currency
    if currency and known and currency != known:
        raise CurrencyDiffers(
            f"the order is in {known}: name the amount in it", "currency", currency=known
        )
