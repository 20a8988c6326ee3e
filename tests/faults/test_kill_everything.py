"""Everything is killed at once; the next command finds what was acknowledged."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress

from domain.event import event_id
from tests.frontdoor import Front
from tests.integration.test_embedded_faults import everything


def test_every_acknowledged_event_is_there_after_the_next_command(tmp_path):
    front = Front(tmp_path / "home", (("ORDERMADE_SESSION_S", "1"),))
    front.ok("init")
    noted = tmp_path / "acknowledged"
    writer = subprocess.Popen(
        [sys.executable, "-m", "tests.faults.writer", "1", "7", str(noted)], env=front.environment
    )
    projector = front.start("project", stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 30
        while not noted.exists() or noted.read_text().count("\n") < 200:
            assert time.monotonic() < deadline
            time.sleep(0.02)
    finally:
        for pid in [*everything(front.home), writer.pid, projector.pid]:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        writer.wait()
        projector.wait()
    front.ok("init")
    lines = noted.read_text().splitlines()
    acknowledged = {str(event_id("/test", line.split()[0])) for line in lines}
    assert len(acknowledged) >= 200
    assert acknowledged <= {row["event_id"] for row in front.show("audit")}
