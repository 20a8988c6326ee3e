"""Databases that are not as expected: another server, a wrong home, no answer, a full disk."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from infra.postgres.server import embedded
from tests.frontdoor import FACTS, Front, message

MILK = message(
    "1", "customer.preference-stated.v1", "customer/shop:ann",
    {"attribute": "milk", "value": "oat", **FACTS},
)  # fmt: skip

pytestmark = pytest.mark.one_log("the log has no part in it")


@pytest.fixture
def elsewhere(tmp_path):
    """The URL of a PostgreSQL that is not the embedded one."""
    with closing(embedded.start(tmp_path / "elsewhere", linger_s=0)) as server:
        yield server.url()


def at(home: Path, url: str, **more: str) -> Front:
    return Front(home, (("ORDERMADE_DATABASE_URL", url), *more.items()))


def test_the_server_of_the_url_is_used_in_place_of_the_embedded_one(tmp_path, elsewhere):
    front = at(tmp_path / "home", elsewhere)
    front.publish(MILK)
    assert front.show("profile", "shop:ann")[0]["values"] == [["milk", "oat"]]
    assert [path.name for path in front.home.iterdir()] == ["secrets.json"]


def test_a_home_with_other_secrets_or_partitions_is_refused(tmp_path, elsewhere):
    at(tmp_path / "home", elsewhere).publish(MILK)
    assert "made with other secrets" in at(tmp_path / "other", elsewhere).refused("lag")
    changed = at(tmp_path / "home", elsewhere, ORDERMADE_PARTITIONS="24")
    assert "has 12 partitions for good" in changed.refused("lag")


def test_a_server_that_does_not_answer_is_reported(tmp_path):
    front = at(tmp_path / "home", "postgresql://nobody@127.0.0.1:1/postgres")
    assert "the server of ORDERMADE_DATABASE_URL does not answer" in front.refused("lag")


FULL = """
import json, os, subprocess, sys
from pathlib import Path
from tests.frontdoor import FACTS, Front, message

disk = Path(sys.argv[1])
subprocess.run(["mount", "-t", "tmpfs", "-o", "size=160m,mode=755", "none", disk], check=True)
ballast = disk / "ballast"
front = Front(disk / "home", (("ORDERMADE_LINGER_S", "0"),))
file = Path(sys.argv[2])

def preference(n):
    data = {"attribute": "a", "value": "x" * 9000, **FACTS}
    return message(str(n), "customer.preference-stated.v1", f"customer/shop:{n % 50}", data)

file.write_text("".join(json.dumps(preference(n)) + "\\n" for n in range(12_000)))
front.ok("init")
words = ["import", "events", file, "--basis", "personalize"]
print(front.refused(*words))
log = (front.home / "postgres/server.log").read_text()
# On a disk that is full to the last page the server cannot even write why it fails.
full = os.statvfs(disk).f_bavail == 0
print("ENOSPC" if full or "No space left on device" in log else log)
"""


def test_an_import_onto_a_full_disk_ends_with_a_message(tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    namespace = ["unshare", "--mount"]
    if os.geteuid() != 0:
        namespace = ["unshare", "--user", "--map-root-user", "--mount"]
    command = [*namespace, sys.executable, "-c", FULL, str(disk), str(tmp_path / "in.jsonl")]
    run = subprocess.run(command, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    assert f"The disk that holds {disk / 'home'} is full: make room" in run.stdout
    assert "ENOSPC" in run.stdout
