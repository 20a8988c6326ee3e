"""The state of a customer that decisions about their consent need."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import assert_never

from domain.customer.events import ConsentGranted, ConsentWithdrawn, CustomerEvent
from domain.values import Purpose


@dataclass(frozen=True, slots=True)
class Customer:
    """The purposes that a customer consents to now, whichever policy each was granted under.

    `policy_version` is the policy that the latest grant or withdrawal named. An import, which
    grants the purposes of its basis, does not grant those in `withdrawn` again.
    """

    purposes: frozenset[Purpose] = frozenset()
    policy_version: str | None = None
    withdrawn: frozenset[Purpose] = frozenset()


def evolve(customer: Customer, event: CustomerEvent, _at: datetime) -> Customer:
    """Return the customer after an event."""
    purposes = frozenset(event.purposes)
    match event:
        case ConsentGranted():
            return replace(
                customer,
                purposes=customer.purposes | purposes,
                withdrawn=customer.withdrawn - purposes,
                policy_version=event.policy_version,
            )
        case ConsentWithdrawn():
            return replace(
                customer,
                purposes=customer.purposes - purposes,
                withdrawn=customer.withdrawn | purposes,
                policy_version=event.policy_version,
            )
        case _:
            assert_never(event)
