"""The embedded PostgreSQL of a home, shared by all processes that use the home.

A client joins the running server, or starts it. docs/adr/0004-embedded-postgresql.md says how.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable
from pathlib import Path

import psycopg
from psycopg import errors

from infra.postgres.server.folder import (
    ALTERNATIVE,
    DISK_ERRORS,
    Server,
    ServerFolder,
    ServerUnavailable,
    last_line,
)
from infra.postgres.server.keeper import try_lock
from infra.postgres.server.launch import launch, program

MAX_WAIT_S = 300.0
SILENCE_S = 5.0
"""Seconds without an answer at the port after which a server without a postmaster is ended."""

_LOST = (None, "57P01", "57P02", "57P03")
"""SQL states of a lost server: no answer, shut down, crashed, not ready."""


def start(
    home: Path, *, linger_s: float = 30.0, on_wait: Callable[[str], None] | None = None
) -> Server:
    """Join the server of a home; create it, start it or wait for its recovery if necessary.

    It runs for as long as a process holds it, and `linger_s` of the process that started it
    longer. `on_wait` is called with a sentence once a second. Raises ServerUnavailable.
    """
    folder = ServerFolder(home.absolute())
    waiting = _Waiting(folder, on_wait)
    hold: list[int] = []
    try:
        folder.home.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.path.mkdir(mode=0o700, exist_ok=True)
        hold.append(waiting.lock("clients.lock", fcntl.LOCK_SH, "the last server to stop"))
        if folder.problem() is not None:
            starting = waiting.lock("start.lock", fcntl.LOCK_EX, "another process to start it")
            try:
                _bring_up(folder, waiting, linger_s)
            finally:
                os.close(starting)
        return folder.server(hold)
    except BaseException as error:
        for file in hold:
            os.close(file)
        if not isinstance(error, OSError):
            raise
        raise ServerUnavailable(
            folder.disk_full_message()
            if error.errno in DISK_ERRORS
            else f"PostgreSQL cannot use {folder.path} ({error}): make it writable for this user, "
            f"{ALTERNATIVE}; its log is {folder.log}."
        ) from error


def explain_failure(error: BaseException, home: Path) -> str | None:
    """A sentence for an error that a full disk or a lost server caused; None for another error."""
    folder = ServerFolder(home.absolute())
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ServerUnavailable):
            return str(cause)
        if isinstance(cause, errors.DiskFull):
            return folder.disk_full_message()
        if isinstance(cause, OSError) and cause.errno in DISK_ERRORS:
            return folder.disk_full_message()
        if isinstance(cause, psycopg.OperationalError) and cause.sqlstate in _LOST:
            full = folder.is_disk_full()
            return folder.disk_full_message() if full else folder.lost_message(cause)
        cause = cause.__cause__
    return None


class _Waiting:
    """A wait in short pauses that reports once a second and gives up after MAX_WAIT_S."""

    def __init__(self, folder: ServerFolder, on_wait: Callable[[str], None] | None) -> None:
        self._folder = folder
        self._on_wait = on_wait
        self._began = self._reported = time.monotonic()

    def pause(self, event: str) -> None:
        """One pause in the wait for an event. Raises ServerUnavailable when it lasts too long."""
        now = time.monotonic()
        if now - self._began > MAX_WAIT_S:
            problem = last_line(self._folder.problem() or "it answers now")
            raise ServerUnavailable(
                f"Waited {MAX_WAIT_S:.0f} s for {event}, without success ({problem}): see "
                f"{self._folder.log}, then run this again, {ALTERNATIVE}."
            )
        if self._on_wait and now - self._reported >= 1:
            self._reported = now
            self._on_wait(f"Waiting for {event} ({now - self._began:.0f} s).")
        # Every attempt during a recovery is a line in the log, so pauses become longer.
        time.sleep(min(0.02 + (now - self._began) / 20, 0.5))

    def lock(self, name: str, kind: int, event: str) -> int:
        while (file := try_lock(self._folder.path / name, kind)) is None:
            self.pause(event)
        return file


def _bring_up(folder: ServerFolder, waiting: _Waiting, linger_s: float) -> None:
    """Start the server and wait until it answers. Only the holder of start.lock may do this."""
    log_start = tries = 0
    heard_at = time.monotonic()
    while folder.problem() is not None:
        if folder.is_listening():
            heard_at = time.monotonic()
        server_lock = try_lock(folder.path / "server.lock", fcntl.LOCK_EX)
        if server_lock is not None:  # no process of a server is left
            try:
                if tries and not folder.can_retry(log_start, tries):
                    raise folder.failure(log_start)
                log_start = launch(folder, server_lock, linger_s)
                tries += 1
                heard_at = time.monotonic()
            finally:
                os.close(server_lock)  # the keeper has inherited it
        elif time.monotonic() - heard_at > SILENCE_S:
            folder.kill_orphans(program("postgres"))
        waiting.pause("PostgreSQL to start; after a crash it first recovers")
