"""What the test broker needs: Java and Maven, installed where that is allowed, and the jars.

`python -m tests.broker COMMAND...` then runs a command with a broker as its log.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.broker import INSTALL, Broker, Missing, described, jars, named, tools_missing


def prepare() -> None:
    if tools_missing() and shutil.which("apt-get") and os.geteuid() == 0:
        subprocess.run(["apt-get", "update"], check=True)
        subprocess.run(INSTALL, check=True)
    try:
        jars()
    except Missing as missing:
        sys.exit(str(missing))


def run(command: list[str], address: str) -> int:
    cluster, version = described(address)
    print(f"Kafka {version}, cluster {cluster}, at {address}", flush=True)
    return subprocess.run(command, env={**os.environ, "ORDERMADE_KAFKA": address}).returncode


def main(command: list[str]) -> int:
    if address := named():
        return run(command, address) if command else 0
    prepare()
    if not command:
        return 0
    with tempfile.TemporaryDirectory() as folder:
        broker = Broker(Path(folder) / "kafka")
        try:
            broker.start()
            return run(command, broker.address)
        finally:
            broker.stop()


sys.exit(main(sys.argv[1:]))
