"""A PostgreSQL on a disk of its own, which is filled and freed by lines on standard input.

`unshare --mount python -m tests.faults.full FOLDER MADE`; each line is answered by one. MADE is the
home that it begins with.
"""

from __future__ import annotations

import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from infra.postgres.server import embedded
from tests.homes import copied

_SIZE = "size=160m,mode=755"


def fill(file: Path) -> None:
    """To the last byte."""
    with suppress(OSError), file.open("ab", buffering=0) as rest:
        while rest.write(bytes(4096)):
            pass


def main(disk: Path, made: Path) -> None:
    subprocess.run(["mount", "-t", "tmpfs", "-o", _SIZE, "none", disk], check=True)
    home, ballast = copied(made, disk), disk / "ballast"
    server = embedded.start(home, linger_s=0)
    print(server.url(), flush=True)
    for line in sys.stdin:
        if line == "fill\n":
            fill(ballast)
        else:
            ballast.unlink()
            server.close()
            server = embedded.start(home, linger_s=0)  # where it had to stop, it recovers
        print("done", flush=True)
    server.close()


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
