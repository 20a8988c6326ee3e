"""The process that keeps a PostgreSQL running for as long as a client uses it.

`python keeper.py HOME LINGER COMMAND...` detaches, runs COMMAND as its child, and stops it when no
process has held HOME/postgres/clients.lock for LINGER seconds. It imports only the standard
library, so that it starts at once and stays small.
"""

import fcntl
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

POLL_S = 0.2
STOP_S = 15.0  # PostgreSQL 18 waits for ever if one of its processes was killed just before


def try_lock(path: Path, kind: int) -> int | None:
    """Take a lock (`fcntl.LOCK_SH` or `LOCK_EX`) without waiting: the open file that holds it.

    None when another process has it. `os.close` releases it, and so does the kernel when
    the process dies.
    """
    file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(file, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(file)
        return None
    return file


def keep(clients: Path, linger_s: float, command: list[str]) -> None:
    """Run the server until no client has held the lock for `linger_s`, or it ends by itself.

    The lock is then kept until this process ends: a client that comes meanwhile must wait.
    """
    # close_fds=False: every process of the server inherits server.lock (see folder.py).
    server = subprocess.Popen(  # noqa: S603
        command, close_fds=False, env={**os.environ, "KEEPER": str(os.getpid())}
    )
    last_used = time.monotonic()
    try:
        while server.poll() is None:
            time.sleep(POLL_S)
            unused = try_lock(clients, fcntl.LOCK_EX)
            if unused is None:
                last_used = time.monotonic()
            elif time.monotonic() - last_used >= linger_s:
                return
            else:
                os.close(unused)
    finally:
        _stop(server)


def _stop(server: subprocess.Popen[bytes]) -> None:
    server.send_signal(signal.SIGINT)  # PostgreSQL's fast shutdown
    try:
        server.wait(STOP_S)
    except subprocess.TimeoutExpired:
        server.send_signal(signal.SIGQUIT)  # the next start recovers
        server.wait()


def main(home: str, linger_s: str, *command: str) -> None:
    """Detach from the client that started this process, then keep the server running."""
    if os.fork():
        os._exit(0)  # the client waits for this process; the keeper leaves no zombie to a parent
    os.setsid()
    os.chdir("/")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    keep(Path(home, "postgres", "clients.lock"), float(linger_s), list(command))


if __name__ == "__main__":
    main(*sys.argv[1:])
