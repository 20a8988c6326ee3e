"""Owners: customers by the names that publishers have for them, their consent, and digests under
their keys. An owner is a customer, or a stream without one.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Protocol


class Owners(Protocol):
    """Customers by their external ids, `namespace:id`, and the purposes that they consent to."""

    def find(self, externals: Collection[str]) -> Mapping[str, str]:
        """Return our ids of those external ids that have one."""
        ...

    def mint(self, externals: Collection[str]) -> Mapping[str, str]:
        """Return our ids of all the external ids; a new customer gets an id and a key."""
        ...

    def purposes(self, owners: Collection[str]) -> Mapping[str, frozenset[str]]:
        """Return the purposes that each existing customer consents to; unknown ids are left out."""
        ...

    def digest(self, owner: str, contents: bytes) -> str:
        """Return the HMAC of contents under the owner's key, in hex; a new owner gets a key.

        Raises KeyLost for an owner whose key was lost in a restore.
        """
        ...
