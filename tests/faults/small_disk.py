"""A PostgreSQL on a small disk of its own, which the lines on standard input fill and free.

`unshare --mount python -m tests.faults.small_disk FOLDER HOME`: mounts the disk at FOLDER and
starts with a copy of HOME. Prints the server's URL, then `done` after each line, `fill` or `free`.
"""

from __future__ import annotations

import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from infra.postgres.server import embedded
from tests.homes import copy_home

_SIZE = "size=160m,mode=755"


def fill(file: Path) -> None:
    """Writes zeros until the disk has no byte left."""
    with suppress(OSError), file.open("ab", buffering=0) as rest:
        while rest.write(bytes(4096)):
            pass


def main(disk: Path, template: Path) -> None:
    subprocess.run(["mount", "-t", "tmpfs", "-o", _SIZE, "none", disk], check=True)
    home, ballast = copy_home(template, disk), disk / "ballast"
    server = embedded.start(home, linger_s=0)
    print(server.url(), flush=True)
    for line in sys.stdin:
        if line == "fill\n":
            fill(ballast)
        else:
            ballast.unlink()
            server.close()
            server = embedded.start(home, linger_s=0)  # recovers, where it had stopped
        print("done", flush=True)
    server.close()


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
