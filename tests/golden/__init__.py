"""Golden files of events: `<wire name>/<number>.json` is an envelope as a release stored it.

Beside it are its data in plain text (`.value.json`) and the schema of that release
(`.schema.json`). Files are only added, by `python -m tests.golden`, and never changed: SHA256SUMS,
which `sha256sum -c` reads, has the checksum of each. `commands/` has the arguments of commands and
their schemas in the same way.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.keys import OwnerKey

FOLDER = Path(__file__).parent
COMMANDS = FOLDER / "commands"
SUMS = FOLDER / "SHA256SUMS"


@dataclass(frozen=True, slots=True)
class Golden:
    """One release of one type."""

    folder: Path
    name: str
    number: int

    def file(self, suffix: str) -> Path:
        return self.folder / self.name / f"{self.number}{suffix}"

    @property
    def stored(self) -> bytes:
        return self.file(".json").read_bytes()

    @property
    def value(self) -> dict[str, Any]:
        """The data and the reason in plain text, as they were given to that release."""
        return json.loads(self.file(".value.json").read_text(encoding="utf-8"))

    @property
    def schema(self) -> dict[str, Any]:
        return json.loads(self.file(".schema.json").read_text(encoding="utf-8"))


def goldens(folder: Path = FOLDER) -> Iterator[Golden]:
    """All golden files, by name and number."""
    names = [(p.parent.name, int(p.name.split(".")[0])) for p in folder.glob("*/*.schema.json")]
    yield from (Golden(folder, name, number) for name, number in sorted(names))


def key(folder: Path = FOLDER) -> OwnerKey:
    return OwnerKey(bytes.fromhex(json.loads((folder / "key.json").read_bytes())["secret"]))


def sums(folder: Path = FOLDER) -> dict[str, str]:
    """The checksum of each golden file as it is now."""
    files = (p for p in folder.rglob("*.json") if p.is_file())
    return {
        p.relative_to(folder).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in sorted(files)
    }


def committed(folder: Path = FOLDER) -> dict[str, str]:
    """The checksum of each golden file as it was when it was added."""
    lines = (folder / SUMS.name).read_text(encoding="utf-8").splitlines()
    return {path: digest for digest, _, path in (line.partition("  ") for line in lines)}
