"""Homes whose database is lost, or older than it was."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import time
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import psycopg

from infra.deployment import Deployment
from infra.postgres.server import embedded
from infra.postgres.server.keeper import try_lock
from infra.settings import Settings
from projections import discover
from projections.view import Row
from tests.frontdoor import Front
from tests.within import Within


def made(home: Path, *more: tuple[str, str]) -> Path:
    """A home as `init` makes it, and its server at rest: copied it is a new deployment, sooner."""
    Within(home, (("ORDERMADE_LINGER_S", "0"), *more)).ok("init")
    settle(home)
    return home


def copied(made: Path, folder: Path) -> Path:
    subprocess.run(["cp", "-a", made, folder], check=True)  # keeps owners, as Python does not
    return folder / made.name


def settle(home: Path) -> None:
    """Returns when the home's server has stopped, since nobody uses it."""
    deadline = time.monotonic() + 30
    while (free := try_lock(home / "postgres" / "server.lock", fcntl.LOCK_EX)) is None:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    os.close(free)


def keep(front: Front, copy: Path) -> None:
    """A backup of the database, taken while it stands still."""
    settle(front.home)
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(front.home / "postgres", copy)


def bring_back(front: Front, copy: Path) -> None:
    """The database as the backup has it, in place of the one that is there."""
    settle(front.home)
    shutil.rmtree(front.home / "postgres")
    shutil.copytree(copy, front.home / "postgres")


def emptied(front: Front, home: Path, *, secrets: bool = True) -> Front:
    """A new home with the same log, and with the same secrets or with others."""
    home.mkdir(mode=0o700)
    if secrets:
        shutil.copy(front.home / "secrets.json", home)
    return replace(front, home=home)


@contextmanager
def database(front: Front):
    """The database under the home, as its administrator sees it."""
    server = embedded.start(front.home, linger_s=0.1)
    try:
        with psycopg.connect(server.url("ordermade"), autocommit=True) as db:
            yield db
    finally:
        server.close()


def stored(front: Front) -> dict[str, list[tuple]]:
    """Every row of the store that a restore has to bring back."""
    with database(front) as db:
        return {
            table: db.execute(f"SELECT {columns} FROM store.{table} ORDER BY 1, 2").fetchall()
            for table, columns in {
                "event": "partition, number, event.*",
                "owner": "owner, partition, purposes::text, key IS NULL",
                "stream": "stream, owner",
                "alias": "digest, owner, sealed",
                "partition_head": "partition, last, last_time, closed_at",
            }.items()
        }


def shown(front: Front) -> dict[str, dict[str, Row]]:
    """Every row of every view."""
    with Deployment(Settings(home=front.home, linger_s=0.1)) as deployment:
        return {name: dict(deployment.views.find(view, None)) for name, view in discover().items()}
