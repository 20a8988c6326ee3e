"""The guides in docs/guide: every command that stands there works, in that order."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
from pathlib import Path
from uuid import uuid4

import pytest

ROOT = Path(__file__).parents[2]
GUIDES = sorted((ROOT / "docs/guide").glob("*.md"))
WITH_KAFKA = {"kafka", "restore"}


def commands(guide: Path) -> str:
    """The shell blocks of a guide, one after another."""
    blocks = re.findall(r"^```sh\n(.*?)^```$", guide.read_text(encoding="utf-8"), re.M | re.S)
    return "".join(blocks)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.mark.one_log("a guide names the log that it is about")
@pytest.mark.parametrize("guide", [g for g in GUIDES if commands(g)], ids=lambda g: g.stem)
def test_every_command_of_a_guide_works(guide, request, tmp_path):
    script = commands(guide).replace("8080", str(free_port()))
    script = script.replace('export PATH="$PWD/.venv/bin:$PATH"\n', "")
    settings = {k: v for k, v in os.environ.items() if not k.startswith("ORDERMADE_")}
    settings["PATH"] = f"{Path(sys.executable).parent}:{settings['PATH']}"
    settings["TMPDIR"] = str(tmp_path)
    if guide.stem in WITH_KAFKA:
        script = script.replace("localhost:9092", request.getfixturevalue("broker"))
        settings["ORDERMADE_KAFKA_TOPICS"] = f"test-{uuid4().hex}"
    finished = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=ROOT, env=settings, capture_output=True, text=True, timeout=200, check=False,
    )  # fmt: skip
    assert finished.returncode == 0, f"{finished.stdout}\n{finished.stderr}"


@pytest.mark.one_log("documents have no log")
def test_each_guide_is_linked_from_another_document():
    text = "".join(
        path.read_text(encoding="utf-8")
        for path in [ROOT / "README.md", *ROOT.glob("docs/**/*.md")]
    )
    assert [g.name for g in GUIDES if f"{g.name})" not in text] == []
