"""The backup of what the log does not contain: owners' keys, wrapped, and aliases, sealed.

A file of JSON lines: a head that names the deployment, the owners, the aliases, an end. The master
key that wraps the owners' keys is not in it; that key is in `secrets.json` of the home.
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
BackupProgress = Callable[[int], None]
"""Called with the number of lines that were written, or of bytes that were read, since the call
before."""


class BackupUnusable(Exception):
    """The file cannot be restored from; the message says which one can."""


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


_Line = _Head | _Owner | _Alias | _End
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(_Line).decode


def export_keys(
    pool: ConnectionPool, secrets: Secrets, file: Path, on_progress: BackupProgress
) -> tuple[int, int]:
    """Write the backup whole or not at all, readable for this user only.

    Return the numbers of owners and aliases.
    """
    draft = file.with_name(f"{file.name}.{os.getpid()}")
    try:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as out, pool.connection() as db, db.transaction():
            db.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            counts = _counts(db)
            out.write(_encode(_Head(_FORMAT, secrets.fingerprint, *counts)) + b"\n")
            for line in _lines(db):
                out.write(_encode(line) + b"\n")
                on_progress(1)
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
    """The owners that have a key, and their aliases; without the key an alias cannot be opened."""
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
    pool: ConnectionPool, secrets: Secrets, partitions: int, file: Path, on_progress: BackupProgress
) -> tuple[int, int]:
    """Insert keys and aliases, all or none; an owner that has a key keeps it.

    Return the numbers of owners and aliases. Raises BackupUnusable for a file that is incomplete
    or not a backup of this deployment.
    """
    with pool.connection() as db, db.transaction(), db.cursor() as cursor:
        head = None
        owners: list[_Owner] = []
        aliases: list[_Alias] = []
        for line in _read(file, on_progress):
            match line:
                case _Head():
                    head = line
                    _check(head, secrets, file)
                case _Owner():
                    owners.append(line)
                case _Alias():
                    aliases.append(line)
            if len(owners) + len(aliases) >= _BATCH or isinstance(line, _End):
                _insert(cursor, secrets, partitions, owners, aliases, file)
                owners, aliases = [], []
    assert head
    return head.owners, head.aliases


def _read(file: Path, on_progress: BackupProgress) -> Iterator[_Line]:
    """The lines from head to end. Raises BackupUnusable where one is missing or malformed."""
    line: _Line | None = None
    try:
        with file.open("rb") as lines:
            for text in lines:
                before, line = line, _decode(text)
                if (before is None) is not isinstance(line, _Head):
                    break
                on_progress(len(text))
                yield line
    except msgspec.MsgspecError:
        pass
    if not isinstance(line, _End):
        raise BackupUnusable(
            f"{file} is not a complete backup of keys: name one that `ordermade keys export` wrote"
        )


def _check(head: _Head, secrets: Secrets, file: Path) -> None:
    if head.format != _FORMAT:
        raise BackupUnusable(
            f"{file} has format {head.format}, which this release does not know: restore with the "
            "release that wrote it, or a later one"
        )
    if head.home != secrets.fingerprint:
        raise BackupUnusable(
            f"{file} was exported with other secrets, and only those open its keys: put the "
            "secrets.json of that deployment's home into ORDERMADE_HOME, and begin again with an "
            "empty database"
        )


def _insert(
    cursor: psycopg.Cursor,
    secrets: Secrets,
    partitions: int,
    owners: list[_Owner],
    aliases: list[_Alias],
    file: Path,
) -> None:
    try:
        for owner in owners:
            secrets.unwrap(owner.owner, owner.master, owner.key)
    except (KeyError, InvalidTag):
        raise BackupUnusable(
            f"{file} has keys that no master key in secrets.json opens: name a backup that was "
            "written with that secrets.json"
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
