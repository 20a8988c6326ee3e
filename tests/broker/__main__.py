"""`python -m tests.broker [COMMAND …]`: prepares the test broker and runs a command with it as log.

Installs Java and Maven where it is root on Debian, and downloads the jars.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.broker import (
    INSTALL,
    Broker,
    ToolsMissing,
    configured,
    identify,
    jars,
    tools_missing,
)


def prepare() -> None:
    if tools_missing() and shutil.which("apt-get") and os.geteuid() == 0:
        subprocess.run(["apt-get", "update"], check=True)
        subprocess.run(INSTALL, check=True)
    try:
        jars()
    except ToolsMissing as error:
        sys.exit(str(error))


def run(command: list[str], address: str) -> int:
    cluster, version = identify(address)
    print(f"Kafka {version}, cluster {cluster}, at {address}", flush=True)
    return subprocess.run(command, env={**os.environ, "ORDERMADE_KAFKA": address}).returncode


def main(command: list[str]) -> int:
    if address := configured():
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
