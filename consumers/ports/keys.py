"""Customers: their ids, their keys and what they consent to."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Protocol


class Owners(Protocol):
    """Customers by the names that others have for them, and what they consent to now."""

    def find(self, externals: Collection[str]) -> Mapping[str, str]:
        """Customer ids of external ids, `namespace:id`, as far as they are known."""
        ...

    def mint(self, externals: Collection[str]) -> Mapping[str, str]:
        """Customer ids of all the external ids; new customers get an id and a key of their own."""
        ...

    def purposes(self, owners: Collection[str]) -> Mapping[str, frozenset[str]]:
        """What the owners consent to, as far as they are known."""
        ...

    def digest(self, owner: str, contents: bytes) -> str:
        """A MAC under the owner's key, in hex; an owner without a key gets one.

        Raises KeyLost for an owner whose key is no longer to be had.
        """
        ...
