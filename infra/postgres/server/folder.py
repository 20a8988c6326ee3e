"""The folder of the embedded server, `home/postgres`, and what its files say.

data/           the data directory
password, port  what a client needs to connect
server.log      for the operator; it contains no values
clients.lock    shared: each client, for its life; exclusive: the keeper, while it stops
start.lock      exclusive: the client that is starting the server
server.lock     exclusive: inherited by initdb, by the keeper and by every process of the
                server, so when it is free none of them runs, whatever a pid file says
"""

from __future__ import annotations

import errno
import fcntl
import os
import re
import secrets
import shutil
import signal
import socket
import tempfile
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import psycopg

from infra.postgres.server.keeper import try_lock

HOST = "127.0.0.1"
USER = "ordermade_admin"
ALTERNATIVE = "or set ORDERMADE_DATABASE_URL to a server of your own"
DISK_ERRORS = (errno.ENOSPC, errno.EDQUOT)
_FULL_BYTES = 32 * 1024 * 1024  # with less free space PostgreSQL cannot add two segments of WAL
_MAX_TRIES = 3


class ServerUnavailable(Exception):
    """There is no server; the message is one sentence that says what to do about it."""


@dataclass(frozen=True)
class Server:
    """A running server, which keeps running for as long as this process holds it."""

    host: str
    port: int
    user: str
    password: str = field(repr=False)
    _hold: list[int] = field(default_factory=list, repr=False, compare=False)

    def url(self, database: str = "postgres") -> str:
        """The address of a database.

        `require_auth` keeps the password from another program that listens at the port of a
        stopped server.
        """
        return (
            f"postgresql://{self.user}:{self.password}@{self.host}:{self.port}/"
            f"{quote(database, safe='')}?sslmode=disable&require_auth=scram-sha-256"
        )

    def close(self) -> None:
        """Release the server; it stops when no process has held it for a while."""
        while self._hold:
            os.close(self._hold.pop())


@dataclass(frozen=True)
class ServerFolder:
    """The folder of the server of one home."""

    home: Path

    @property
    def path(self) -> Path:
        return self.home / "postgres"

    @property
    def data(self) -> Path:
        return self.path / "data"

    @property
    def log(self) -> Path:
        return self.path / "server.log"

    def server(self, hold: list[int]) -> Server:
        """The server of the files `port` and `password`, whether or not it runs."""
        port = int((self.path / "port").read_text())
        return Server(HOST, port, USER, (self.path / "password").read_text(), hold)

    def problem(self) -> str | None:
        """Why the server cannot be used; None after a connection to it has succeeded."""
        free = try_lock(self.path / "server.lock", fcntl.LOCK_SH)
        if free is not None:  # without this, another program at its port would be waited for
            os.close(free)
            return "it does not run"
        try:
            with psycopg.connect(self.server([]).url(), connect_timeout=3) as db:
                [data] = db.execute("SHOW data_directory").fetchone() or [""]
            # A copied home has the port and the password of the original.
            return None if self.data.samefile(data) else f"{data} is at its port"
        except (psycopg.OperationalError, FileNotFoundError) as error:
            return str(error).strip()

    def is_listening(self) -> bool:
        """Whether the port accepts connections, as a server's does from before its recovery on."""
        with socket.socket() as probe, suppress(FileNotFoundError):
            probe.settimeout(1)
            return probe.connect_ex((HOST, self.server([]).port)) == 0
        return False

    def kill_orphans(self, postgres: Path) -> None:
        """Kill the processes of a server whose postmaster is gone.

        They end by themselves, unless one was killed while it held a lock that they wait for.
        """
        for file in Path("/proc").glob("[0-9]*/fd/*"):
            process = file.parents[1]
            with suppress(OSError):  # of another user, or it has just ended
                has_lock = file.samefile(self.path / "server.lock")
                if has_lock and (process / "exe").samefile(postgres):
                    os.kill(int(process.name), signal.SIGKILL)

    def write(self, name: str, text: str) -> None:
        """Write a file whole or not at all, even if the disk is full or the power fails."""
        new = self.path / f"{name}.new"
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        self.rename(new, name)

    def rename(self, new: Path, name: str) -> None:
        """Rename a file or folder durably.

        A data directory that had its temporary name again after a power failure would be deleted
        as incomplete.
        """
        new.replace(self.path / name)
        folder = os.open(self.path, os.O_RDONLY)
        os.fsync(folder)
        os.close(folder)

    def create_data(self) -> Path:
        """An empty folder for initdb, under another name until the data directory is complete."""
        for left in self.path.glob("initdb-*"):
            shutil.rmtree(left, ignore_errors=True)
        self.write("password", secrets.token_urlsafe(32))
        return Path(tempfile.mkdtemp(prefix="initdb-", dir=self.path))

    def can_retry(self, log_start: int, tries: int) -> bool:
        """Whether another start may succeed, by the log from an offset on."""
        log = self._log_from(log_start)
        if "No space left on device" in log:
            return False
        if "could not bind" in log or "pre-existing shared memory" in log:
            return True  # another program took the port, or an old server has not ended quite
        return tries < _MAX_TRIES  # a process may have been killed

    def failure(self, log_start: int) -> ServerUnavailable:
        """The error of a failed start, with its reason from the log from an offset on."""
        log = self._log_from(log_start)
        if "No space left on device" in log or self.is_disk_full():
            return ServerUnavailable(self.disk_full_message())
        reasons = re.findall("^.*(?:FATAL|PANIC|error):  ?(?!the database).*$", log, re.MULTILINE)
        reason = last_line(reasons[-1] if reasons else log)
        return ServerUnavailable(
            f"PostgreSQL did not start ({reason}): see {self.log}, then run this again, "
            f"{ALTERNATIVE}."
        )

    def _log_from(self, start: int) -> str:
        return self.log.read_bytes()[start:].decode(errors="replace")

    def is_disk_full(self) -> bool:
        return shutil.disk_usage(self.home).free < _FULL_BYTES

    def disk_full_message(self) -> str:
        return (
            f"The disk that holds {self.home} is full: make room on it and run this again "
            f"(nothing that was acknowledged is lost); PostgreSQL's log is {self.log}."
        )

    def lost_message(self, error: BaseException) -> str:
        return (
            f"The PostgreSQL under {self.home} did not answer or broke the connection "
            f"({last_line(str(error))}): run this again, it recovers by itself; "
            f"its log is {self.log}."
        )


def last_line(text: str) -> str:
    return (text.strip() or "no message").splitlines()[-1]
