"""What the test broker needs: Java and Maven, installed where that is allowed, and the jars."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

from tests.broker import INSTALL, Missing, jars, named, tools_missing

if not named():
    if tools_missing() and shutil.which("apt-get") and os.geteuid() == 0:
        subprocess.run(["apt-get", "update"], check=True)
        subprocess.run(INSTALL, check=True)
    try:
        jars()
    except Missing as missing:
        sys.exit(str(missing))
