"""The decisions about a customer: their consent. A command that changes nothing records nothing."""

from __future__ import annotations

from collections.abc import Sequence

from domain.customer.events import ConsentGranted, ConsentWithdrawn, CustomerEvent
from domain.customer.state import Customer
from domain.values import PURPOSES, Purpose


def grant_consent(
    customer: Customer, *, purposes: Sequence[Purpose], policy_version: str
) -> list[CustomerEvent]:
    """Grant the purposes that are not granted yet.

    If the policy differs from the latest one that the customer named, grant all of them again:
    consent to an older policy does not carry over.
    """
    same_policy = policy_version == customer.policy_version
    granted = customer.purposes if same_policy else frozenset[Purpose]()
    new = tuple(p for p in PURPOSES if p in purposes and p not in granted)
    return [ConsentGranted(purposes=new, policy_version=policy_version)] if new else []


def withdraw_consent(
    customer: Customer, *, purposes: Sequence[Purpose], policy_version: str
) -> list[CustomerEvent]:
    """Withdraw those of the purposes that are granted."""
    granted = tuple(p for p in PURPOSES if p in purposes and p in customer.purposes)
    return [ConsentWithdrawn(purposes=granted, policy_version=policy_version)] if granted else []
