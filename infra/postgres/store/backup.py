"""The backup of what stands in the database alone: owners' keys, wrapped, and aliases, sealed.

A file of JSON lines: whose it is, the owners, the aliases, the end. The master key that wraps the
keys is not in there: it is in the home's secrets.json.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import psycopg
from psycopg_pool import ConnectionPool

from domain.partition import partition_of
from infra.keys import InvalidTag, Secrets

_BATCH = 2_000
_FORMAT = 1
Told = Callable[[int], None]
"""Told how many lines, or bytes of the file, are done."""


class BackupUnusable(Exception):
    """This file cannot be restored from; the sentence says what can."""


class _Head(msgspec.Struct, tag="keys", tag_field="is"):
    format: int
    home: str
    owners: int
    aliases: int


class _Owner(msgspec.Struct, tag="owner", tag_field="is"):
    owner: str
    master: str
    key: bytes


class _Alias(msgspec.Struct, tag="alias", tag_field="is"):
    digest: bytes
    owner: str
    sealed: bytes


class _End(msgspec.Struct, tag="end", tag_field="is"):
    pass


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(_Head | _Owner | _Alias | _End).decode


def export_keys(pool: ConnectionPool, secrets: Secrets, file: Path, told: Told) -> tuple[int, int]:
    """Writes the backup whole or not at all, for its user only; how many owners and aliases."""
    draft = file.with_name(f"{file.name}.{os.getpid()}")
    try:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as out, pool.connection() as db, db.transaction():
            db.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            counts = _counts(db)
            out.write(_encode(_Head(_FORMAT, secrets.fingerprint, *counts)) + b"\n")
            for line in _lines(db):
                out.write(_encode(line) + b"\n")
                told(1)
            out.write(_encode(_End()) + b"\n")
            out.flush()
            os.fsync(out.fileno())
        draft.replace(file)
    finally:
        draft.unlink(missing_ok=True)
    return counts


def _counts(db: psycopg.Connection) -> tuple[int, int]:
    [(owners, aliases)] = db.execute(
        "SELECT (SELECT count(*) FROM store.owner WHERE key IS NOT NULL), count(*) "
        "FROM store.alias a JOIN store.owner o USING (owner) WHERE o.key IS NOT NULL"
    ).fetchall()
    return owners, aliases


def _lines(db: psycopg.Connection) -> Iterator[_Owner | _Alias]:
    """Those who have a key; an alias without its owner's key names nobody any more."""
    with db.cursor("owners", binary=True) as cursor:
        cursor.itersize = _BATCH
        for row in cursor.execute(
            "SELECT owner, master, key FROM store.owner WHERE key IS NOT NULL"
        ):
            yield _Owner(*row)
    with db.cursor("aliases", binary=True) as cursor:
        cursor.itersize = _BATCH
        for row in cursor.execute(
            "SELECT a.digest, a.owner, a.sealed FROM store.alias a "
            "JOIN store.owner o USING (owner) WHERE o.key IS NOT NULL"
        ):
            yield _Alias(*row)


def load_keys(
    pool: ConnectionPool, secrets: Secrets, partitions: int, file: Path, told: Told
) -> tuple[int, int]:
    """Takes keys and aliases in whole or not at all; whoever has a key keeps it.

    Raises BackupUnfit for a file that is no backup of this deployment, or not all of one.
    """
    with pool.connection() as db, db.transaction(), db.cursor() as cursor:
        head = None
        owners: list[_Owner] = []
        aliases: list[_Alias] = []
        for line in _read(file, told):
            match line:
                case _Head():
                    head = line
                    _check(head, secrets, file)
                case _Owner():
                    owners.append(line)
                case _Alias():
                    aliases.append(line)
            if len(owners) + len(aliases) >= _BATCH or isinstance(line, _End):
                _take(cursor, secrets, partitions, owners, aliases, file)
                owners, aliases = [], []
    assert head
    return head.owners, head.aliases


def _read(file: Path, told: Told) -> Iterator[_Head | _Owner | _Alias | _End]:
    line: _Head | _Owner | _Alias | _End | None = None
    try:
        with file.open("rb") as lines:
            for said in lines:
                before, line = line, _decode(said)
                if (before is None) is not isinstance(line, _Head):
                    break
                told(len(said))
                yield line
    except msgspec.MsgspecError:
        pass
    if not isinstance(line, _End):
        raise BackupUnusable(
            f"{file} is no whole backup of keys: name one that `ordermade keys export` wrote"
        )


def _check(head: _Head, secrets: Secrets, file: Path) -> None:
    if head.format != _FORMAT:
        raise BackupUnusable(
            f"{file} has a format, {head.format}, that this release does not know: restore with "
            "the release that wrote it, or a later one"
        )
    if head.home != secrets.fingerprint:
        raise BackupUnusable(
            f"{file} was exported with other secrets, and its keys open with those alone: put "
            "secrets.json of that deployment's home into ORDERMADE_HOME first, and begin anew in "
            "an empty database"
        )


def _take(
    cursor: psycopg.Cursor,
    secrets: Secrets,
    partitions: int,
    owners: list[_Owner],
    aliases: list[_Alias],
    file: Path,
) -> None:
    try:
        for one in owners:
            secrets.unwrap(one.owner, one.master, one.key)
    except (KeyError, InvalidTag):
        raise BackupUnusable(
            f"{file} has keys that no master key in secrets.json opens: name a backup of the time "
            "of that file"
        ) from None
    cursor.executemany(
        "INSERT INTO store.owner AS o (owner, partition, master, key) VALUES (%s, %s, %s, %s) "
        "ON CONFLICT (owner) DO UPDATE SET master = excluded.master, key = excluded.key "
        "WHERE o.key IS NULL",
        [(o.owner, partition_of(o.owner, partitions), o.master, o.key) for o in owners],
    )
    cursor.executemany(
        "INSERT INTO store.alias (digest, owner, sealed) VALUES (%s, %s, %s) "
        "ON CONFLICT DO NOTHING",
        [(a.digest, a.owner, a.sealed) for a in aliases],
    )
