"""What may be decided about a customer."""

from __future__ import annotations

from collections.abc import Sequence

from domain.customer.events import ConsentGranted, ConsentWithdrawn, CustomerEvent
from domain.customer.state import Customer
from domain.values import PURPOSES, Purpose


def grant_consent(
    customer: Customer, *, purposes: Sequence[Purpose], policy_version: str
) -> list[CustomerEvent]:
    """Records what is newly granted, or all of it again under a newer policy."""
    known = customer.purposes if policy_version == customer.policy_version else frozenset[Purpose]()
    new = tuple(p for p in PURPOSES if p in purposes and p not in known)
    return [ConsentGranted(purposes=new, policy_version=policy_version)] if new else []


def withdraw_consent(
    customer: Customer, *, purposes: Sequence[Purpose], policy_version: str
) -> list[CustomerEvent]:
    gone = tuple(p for p in PURPOSES if p in purposes and p in customer.purposes)
    return [ConsentWithdrawn(purposes=gone, policy_version=policy_version)] if gone else []
