"""Owners, their keys, and the names that others have for them, in PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import TypeVar
from uuid import uuid4

import psycopg
from psycopg_pool import ConnectionPool

from consumers.ports.log import StoreBehind
from domain.errors import KeyLost
from domain.partition import partition_of
from infra.keys import OwnerKey, Secrets
from infra.postgres.store.envelopes import CLOSED

_CACHED = 50_000
T = TypeVar("T")


def _remember(cache: dict[str, T], found: Mapping[str, T]) -> None:
    """Keeps what was found; a cache that is full starts anew, which bounds it without a lock."""
    if len(cache) + len(found) > _CACHED:
        cache.clear()
    cache.update(found)


class PostgresOwners:
    """The port `Owners`, and the keyring that the codec asks."""

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
        self._keyring: dict[str, OwnerKey] = {}
        self._names: dict[str, str] = {}

    def find(self, externals: Collection[str]) -> Mapping[str, str]:
        have = {e: owner for e in externals if (owner := self._names.get(e))}
        if len(have) == len(externals):
            return have
        digests = {self._secrets.alias(e): e for e in externals if e not in have}
        with self._pool.connection() as db:
            rows = db.execute(
                "SELECT digest, owner FROM store.alias WHERE digest = ANY(%s)", [list(digests)]
            ).fetchall()
        found = {digests[bytes(digest)]: owner for digest, owner in rows}
        _remember(self._names, found)
        return {**have, **found}

    def mint(self, externals: Collection[str]) -> Mapping[str, str]:
        found = dict(self.find(externals))
        # In one order everywhere, so that two doors which mint the same names cannot deadlock.
        new = sorted(set(externals) - set(found), key=self._secrets.alias)
        minted = {external: self._new_id() for external in new}
        if not minted:
            return found
        keys = {owner: OwnerKey.mint() for owner in minted.values()}
        with self._pool.connection() as db, db.transaction(), db.cursor() as cursor:
            self._insert(cursor, keys)
            cursor.executemany(
                "INSERT INTO store.alias VALUES (%s, %s, %s) ON CONFLICT DO NOTHING",
                [self._alias(external, owner, keys[owner]) for external, owner in minted.items()],
            )
        # Where another door was first its customer holds; ours stays without a name or an event.
        return found | dict(self.find(new))

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
        """The owner's key; None where there is none, or none any more."""
        return self.keys([owner]).get(owner)

    def keys(self, owners: Collection[str], *, mint: bool = False) -> dict[str, OwnerKey]:
        """The owners' keys; with `mint`, owners who have none yet get one.

        Nobody gets one whose key is lost. Raises StoreBehind where one would be minted that may
        stand in the log already.
        """
        have = {o: key for o in owners if (key := self._keyring.get(o))}
        missing = set(owners) - set(have)
        if not missing:
            return have
        with self._pool.connection() as db:
            got = self._unwrapped(db, missing)
            if mint and (new := sorted(missing - set(got))):
                with db.cursor() as cursor:
                    self._insert(cursor, {owner: OwnerKey.mint() for owner in new})
                got |= self._unwrapped(db, new)
        _remember(self._keyring, got)
        return have | got

    def _unwrapped(self, db: psycopg.Connection, owners: Collection[str]) -> dict[str, OwnerKey]:
        rows = db.execute(
            "SELECT owner, master, key FROM store.owner WHERE owner = ANY(%s) AND key IS NOT NULL",
            [list(owners)],
        )
        return {o: self._secrets.unwrap(o, master, bytes(key)) for o, master, key in rows}

    def forget(self) -> None:
        """Asks the database anew from now on."""
        self._keyring.clear()
        self._names.clear()

    def _insert(self, cursor, keys: Mapping[str, OwnerKey]) -> None:  # type: ignore[no-untyped-def]
        if cursor.execute(CLOSED).fetchone() is not None:
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
