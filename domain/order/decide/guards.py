"""Conditions of several decisions. Each raises NotAllowed, with the field and the remedy."""

from __future__ import annotations

from collections.abc import Set

from domain.errors import CurrencyDiffers, NameUnknown, StatusForbids
from domain.order.progress import INACTIVE, OPEN_TO_CHOICES, Status
from domain.order.state import Order


def need_status(order: Order, allowed: Set[Status], action: str, remedy: str) -> None:
    """Require that the order has one of the statuses; `action` completes "the order cannot …"."""
    if order.status not in allowed:
        raise StatusForbids(
            f"the order is {order.status} and cannot {action}: {remedy}",
            "status",
            status=order.status.value,
        )


def need_agreed(order: Order, action: str) -> None:
    """Require that the order is placed, and neither cancelled nor returned."""
    if order.status in OPEN_TO_CHOICES | INACTIVE:
        raise StatusForbids(
            f"the order is {order.status} and cannot {action}: place it first",
            "status",
            status=order.status.value,
        )


def need_line(order: Order, line_id: str) -> None:
    """Require that the order has the line."""
    if order.progress.line(line_id) is None:
        lines = ", ".join(line.line_id for line in order.progress.lines)
        raise NameUnknown(f"the order has no line {line_id}: its lines are {lines}", "line_id")


def need_currency(order: Order, currency: str | None) -> None:
    """Require that an amount is in the currency of the order, where both have one."""
    expected = order.progress.currency
    if currency and expected and currency != expected:
        raise CurrencyDiffers(
            f"the order is in {expected}: give the amount in it", "currency", currency=expected
        )
