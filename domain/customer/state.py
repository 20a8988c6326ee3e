"""A customer, as far as decisions about them need to know."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import assert_never

from domain.customer.events import ConsentGranted, ConsentWithdrawn, CustomerEvent
from domain.values import Purpose


@dataclass(frozen=True, slots=True)
class Customer:
    purposes: frozenset[Purpose] = frozenset()
    policy_version: str | None = None
    withdrawn: frozenset[Purpose] = frozenset()  # an import's basis does not grant these again


def evolve(customer: Customer, event: CustomerEvent, _at: datetime) -> Customer:
    match event:
        case ConsentGranted(purposes=purposes, policy_version=policy):
            now = customer.purposes | set(purposes)
            left = customer.withdrawn - set(purposes)
            return replace(customer, purposes=now, policy_version=policy, withdrawn=left)
        case ConsentWithdrawn(purposes=purposes, policy_version=policy):
            now = customer.purposes - set(purposes)
            gone = customer.withdrawn | set(purposes)
            return replace(customer, purposes=now, policy_version=policy, withdrawn=gone)
        case _:
            assert_never(event)
