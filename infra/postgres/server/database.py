"""The database of a deployment: its migrations, its roles, and pools of connections."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo
from psycopg_pool import ConnectionPool

from consumers.ports.log import StoreBehind
from infra.keys import Secrets
from infra.postgres.server.locks import MIGRATION

MIGRATIONS = Path(__file__).parents[1] / "migrations"
"""Numbered SQL files, each applied once. A released one is never changed."""

DATABASE = "ordermade"


class WrongDatabase(Exception):
    """The database belongs to another deployment than the settings say."""


def migrate(admin_url: str, secrets: Secrets, partitions: int = 12) -> str:
    """Bring the database up to this release, as its administrator, and return its address.

    Several processes may do so at once. Raises WrongDatabase where the database was created with
    other secrets or another number of partitions.
    """
    with psycopg.connect(admin_url, autocommit=True) as server:
        existing = server.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE])
        if not existing.fetchone():
            # Another process may create it meanwhile.
            with suppress(psycopg.errors.DuplicateDatabase, psycopg.errors.UniqueViolation):
                server.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(DATABASE)))
    url = make_conninfo(admin_url, dbname=DATABASE)
    with psycopg.connect(url) as admin:
        admin.execute("SELECT pg_advisory_xact_lock(%s)", [MIGRATION])
        admin.execute("CREATE TABLE IF NOT EXISTS public.migration (number int PRIMARY KEY)")
        applied = {n for (n,) in admin.execute("SELECT number FROM public.migration")}
        files = {int(path.name[:4]): path for path in sorted(MIGRATIONS.glob("*.sql"))}
        for number in sorted(set(files) - applied):
            admin.execute(files[number].read_bytes())
            admin.execute("INSERT INTO public.migration VALUES (%s)", [number])
        if not applied:
            admin.execute(
                "INSERT INTO store.deployment (partitions, home) VALUES (%s, %s)",
                [partitions, secrets.fingerprint],
            )
            admin.execute(
                "INSERT INTO store.partition_head (partition) SELECT generate_series(0, %s)",
                [partitions],
            )
        _check(admin, secrets, partitions)
        if set(files) - applied:
            for role, password in secrets.passwords.items():
                admin.execute(
                    sql.SQL("ALTER ROLE {} LOGIN PASSWORD {}").format(
                        sql.Identifier(f"ordermade_{role}"), sql.Literal(password)
                    )
                )
    return url


def _check(admin: psycopg.Connection, secrets: Secrets, partitions: int) -> None:
    row = admin.execute("SELECT home, partitions FROM store.deployment").fetchone()
    assert row
    if row[0] != secrets.fingerprint:
        raise WrongDatabase(
            "this database was made with other secrets, and without them nothing in it can be "
            "read: set ORDERMADE_HOME to the home that has its secrets.json"
        )
    if row[1] != partitions:
        raise WrongDatabase(
            f"this deployment has {row[1]} partitions for good, and ORDERMADE_PARTITIONS says "
            f"{partitions}: an owner's partition cannot change. Leave the setting out"
        )


def is_outage(error: Exception) -> bool:
    """Whether the database failed, and not the statement because of the values in it."""
    return isinstance(error, psycopg.Error | StoreBehind) and not isinstance(
        error, psycopg.DataError | psycopg.IntegrityError
    )


def connection_pool(
    url: str, role: str, secrets: Secrets, size: int = 4, patience_s: float = 30.0
) -> ConnectionPool:
    """Up to `size` connections of a role, opened on demand.

    A caller waits for one for up to `patience_s`.
    """
    conninfo = make_conninfo(
        url,
        user=f"ordermade_{role}",
        password=secrets.passwords[role],
        application_name=f"ordermade {role} {os.getpid()}",
    )
    return ConnectionPool(
        conninfo, min_size=0, max_size=size, open=True, timeout=patience_s,
        kwargs={"autocommit": True},
    )  # fmt: skip
