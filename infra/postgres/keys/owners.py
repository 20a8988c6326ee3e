"""Owners in PostgreSQL: their keys, their purposes, and the external ids of customers."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any, TypeVar
from uuid import uuid4

import psycopg
from psycopg_pool import ConnectionPool

from consumers.ports.log import StoreBehind
from domain.errors import KeyLost
from domain.partition import partition_of
from infra.keys import OwnerKey, Secrets

APPENDS_REFUSED = "SELECT FROM store.partition_head WHERE closed_at IS NOT NULL LIMIT 1"
"""Selects a row where appends are refused until a restore (docs/adr/0012-restore.md)."""

_MAX_CACHED = 50_000
T = TypeVar("T")


def _add(cache: dict[str, T], entries: Mapping[str, T]) -> None:
    """Add entries; a full cache is emptied first, which bounds it without a lock."""
    if len(cache) + len(entries) > _MAX_CACHED:
        cache.clear()
    cache.update(entries)


class PostgresOwners:
    """The port `Owners`, and the keys of owners for the codec. Keys and ids are cached."""

    def __init__(
        self,
        pool: ConnectionPool,
        secrets: Secrets,
        partitions: int,
        new_id: Callable[[], str] = lambda: str(uuid4()),
    ) -> None:
        self._pool, self._secrets, self._partitions, self._new_id = (
            pool, secrets, partitions, new_id
        )  # fmt: skip
        self._keys: dict[str, OwnerKey] = {}
        self._customers: dict[str, str] = {}

    def find(self, externals: Collection[str]) -> Mapping[str, str]:
        cached = {e: customer for e in externals if (customer := self._customers.get(e))}
        if len(cached) == len(externals):
            return cached
        digests = {self._secrets.alias(e): e for e in externals if e not in cached}
        with self._pool.connection() as db:
            rows = db.execute(
                "SELECT digest, owner FROM store.alias WHERE digest = ANY(%s)", [list(digests)]
            ).fetchall()
        stored = {digests[bytes(digest)]: owner for digest, owner in rows}
        _add(self._customers, stored)
        return {**cached, **stored}

    def mint(self, externals: Collection[str]) -> Mapping[str, str]:
        customers = dict(self.find(externals))
        # In one order everywhere, so that two doors which mint the same ids cannot deadlock.
        new = sorted(set(externals) - set(customers), key=self._secrets.alias)
        minted = {external: self._new_id() for external in new}
        if not minted:
            return customers
        keys = {owner: OwnerKey.mint() for owner in minted.values()}
        with self._pool.connection() as db, db.transaction(), db.cursor() as cursor:
            self._insert(cursor, keys)
            cursor.executemany(
                "INSERT INTO store.alias VALUES (%s, %s, %s) ON CONFLICT DO NOTHING",
                [self._alias(external, owner, keys[owner]) for external, owner in minted.items()],
            )
        # Another door may have minted one of these first. Then its id is used, and ours stays
        # without an alias or an event.
        return customers | dict(self.find(new))

    def _alias(self, external: str, owner: str, key: OwnerKey) -> tuple[bytes, str, bytes]:
        digest = self._secrets.alias(external)
        return digest, owner, key.seal(external.encode(), digest)

    def purposes(self, owners: Collection[str]) -> Mapping[str, frozenset[str]]:
        if not owners:
            return {}
        with self._pool.connection() as db:
            rows = db.execute(
                "SELECT owner, purposes FROM store.owner WHERE owner = ANY(%s)", [list(owners)]
            ).fetchall()
        return {owner: frozenset(purposes) for owner, purposes in rows}

    def digest(self, owner: str, contents: bytes) -> str:
        key = self.keys([owner], mint=True).get(owner)
        if key is None:
            raise KeyLost(owner)
        return key.digest(contents).hex()

    def key_of(self, owner: str) -> OwnerKey | None:
        """The owner's key; None where it has none, or has one no longer."""
        return self.keys([owner]).get(owner)

    def keys(self, owners: Collection[str], *, mint: bool = False) -> dict[str, OwnerKey]:
        """The owners' keys; with `mint`, a new owner gets one.

        An owner whose key was lost in a restore gets no other one. Raises StoreBehind where a new
        owner may not be new, because the log has events that the store does not have.
        """
        cached = {o: key for o in owners if (key := self._keys.get(o))}
        missing = set(owners) - set(cached)
        if not missing:
            return cached
        with self._pool.connection() as db:
            stored = self._stored_keys(db, missing)
            if mint and (new := sorted(missing - set(stored))):
                with db.cursor() as cursor:
                    self._insert(cursor, {owner: OwnerKey.mint() for owner in new})
                stored |= self._stored_keys(db, new)
        _add(self._keys, stored)
        return cached | stored

    def _stored_keys(self, db: psycopg.Connection, owners: Collection[str]) -> dict[str, OwnerKey]:
        rows = db.execute(
            "SELECT owner, master, key FROM store.owner WHERE owner = ANY(%s) AND key IS NOT NULL",
            [list(owners)],
        )
        return {o: self._secrets.unwrap(o, master, bytes(key)) for o, master, key in rows}

    def forget(self) -> None:
        """Empty the caches."""
        self._keys.clear()
        self._customers.clear()

    def _insert(self, cursor: psycopg.Cursor[Any], keys: Mapping[str, OwnerKey]) -> None:
        """Insert owners with their keys; an existing owner keeps its own."""
        if cursor.execute(APPENDS_REFUSED).fetchone() is not None:
            raise StoreBehind
        cursor.executemany(
            "INSERT INTO store.owner (owner, partition, key, master) VALUES (%s, %s, %s, %s) "
            "ON CONFLICT DO NOTHING",
            [
                (
                    owner,
                    partition_of(owner, self._partitions),
                    self._secrets.wrap(owner, key),
                    self._secrets.master,
                )
                for owner, key in keys.items()
            ],
        )
