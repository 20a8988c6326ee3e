"""Homes of deployments: made, copied, and with a database that is restored or missing."""

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


def make_home(home: Path, *settings: tuple[str, str]) -> Path:
    """Runs `init` and waits until its server has stopped, so that the home can be copied."""
    Within(home, (("ORDERMADE_LINGER_S", "0"), *settings)).ok("init")
    wait_for_stopped_server(home)
    return home


def copy_home(home: Path, folder: Path) -> Path:
    """Copies a home into a folder: a new deployment, sooner than by `init`."""
    subprocess.run(["cp", "-a", home, folder], check=True)  # keeps owners, as Python does not
    return folder / home.name


def wait_for_stopped_server(home: Path) -> None:
    """Waits until the home's server has stopped, which it does when no process uses it."""
    deadline = time.monotonic() + 30
    while (free := try_lock(home / "postgres" / "server.lock", fcntl.LOCK_EX)) is None:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    os.close(free)


def back_up(front: Front, copy: Path) -> None:
    """Copies the files of the database while its server is stopped."""
    wait_for_stopped_server(front.home)
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(front.home / "postgres", copy)


def restore_backup(front: Front, copy: Path) -> None:
    """Replaces the files of the database by those of the backup."""
    wait_for_stopped_server(front.home)
    shutil.rmtree(front.home / "postgres")
    shutil.copytree(copy, front.home / "postgres")


def with_empty_home(front: Front, home: Path, *, secrets: bool = True) -> Front:
    """A home without a database, with the same log and, if `secrets`, the same secrets."""
    home.mkdir(mode=0o700)
    if secrets:
        shutil.copy(front.home / "secrets.json", home)
    return replace(front, home=home)


@contextmanager
def database(front: Front):
    """A connection of the administrator to the database of the home."""
    server = embedded.start(front.home, linger_s=0.1)
    try:
        with psycopg.connect(server.url("ordermade"), autocommit=True) as db:
            yield db
    finally:
        server.close()


def stored_rows(front: Front) -> dict[str, list[tuple]]:
    """Every row of the store that a restore brings back, by table."""
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


def view_rows(front: Front) -> dict[str, dict[str, Row]]:
    """Every row of every view, by view and key."""
    with Deployment(Settings(home=front.home, linger_s=0.1)) as deployment:
        return {name: dict(deployment.views.find(view, None)) for name, view in discover().items()}
