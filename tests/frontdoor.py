"""The command line for tests: `ordermade` in a process of its own, and its answers as JSON."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests import forked


@dataclass(frozen=True)
class Front:
    """The command line of a home; `more` are settings as environment variables."""

    home: Path
    more: tuple[tuple[str, str], ...] = ()

    @property
    def environment(self) -> dict[str, str]:
        settings = {"ORDERMADE_HOME": str(self.home), "ORDERMADE_LINGER_S": "2"}
        return {**os.environ, **settings, **dict(self.more)}

    def start(self, *words: object, **options) -> subprocess.Popen:
        command = [sys.executable, "-m", "infra", *map(str, words)]
        return subprocess.Popen(command, env=self.environment, **options)

    def run(self, *words: object) -> subprocess.CompletedProcess[str]:
        return forked.run(list(map(str, words)), self.environment)

    def ok(self, *words: object) -> str:
        """The output of a command that must succeed."""
        run = self.run(*words)
        assert run.returncode == 0, run.stderr
        assert "Traceback" not in run.stderr
        return run.stdout

    def refused(self, *words: object) -> str:
        """The error output of a command that must fail."""
        run = self.run(*words)
        assert run.returncode != 0, run.stdout
        assert "Traceback" not in run.stderr
        return run.stderr

    def rows(self, *words: object) -> list[dict]:
        return json.loads(self.ok(*words, "--json"))["rows"]

    def show(self, view: str, *key: str) -> list[dict]:
        return self.rows("show", view, *key)

    def publish(self, *messages: dict, basis: str = "fulfil,personalize,analyse") -> str:
        file = self.home.parent / "messages.jsonl"
        file.write_text("".join(json.dumps(m) + "\n" for m in messages))
        return self.ok("import", "events", file, "--basis", basis)


FACTS = {"origin": "direct", "choice_space": "closed", "target": "product", "stage": "in_use"}


def message(id: str, type: str, subject: str, data: dict, **more) -> dict:
    return {
        "specversion": "1.0", "id": id, "source": "/test", "type": type, "subject": subject,
        "time": "2026-03-01T12:00:00Z", "data": data, **more,
    }  # fmt: skip
