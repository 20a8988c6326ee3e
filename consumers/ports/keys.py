"""Customers: their ids, their keys and their consent."""

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
        """Return what those of the owners that exist consent to now."""
        ...

    def digest(self, owner: str, contents: bytes) -> str:
        """Return the HMAC of contents under the owner's key, in hex; a new owner gets a key.

        Raises KeyLost for an owner whose key was lost in a restore.
        """
        ...
