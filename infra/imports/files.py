"""Files of lines, plain or compressed, read as a stream."""

from __future__ import annotations

import gzip
import lzma
import zlib
from collections.abc import Iterable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from domain.errors import Malformed


@dataclass(frozen=True, slots=True)
class ImportLine:
    """A line of a file, and the message that it holds, or the reason why it holds none."""

    number: int
    content: bytes
    message: bytes | Malformed


def unpack(file: BinaryIO, name: str) -> Iterator[bytes]:
    """Return the lines of an open file, unpacking `.gz` and `.xz` as they are read.

    Raises Malformed where a compressed file is damaged or cut.
    """
    opener: Any = {".gz": gzip.open, ".xz": lzma.open}.get(Path(name).suffix, nullcontext)
    try:
        with opener(file) as lines:
            yield from lines
    except (EOFError, gzip.BadGzipFile, lzma.LZMAError, zlib.error):
        raise Malformed(
            f"{name} is cut or damaged; the lines before the damage are stored. Fetch the file "
            "again and import it whole: stored lines are recognised"
        ) from None


def parse_events(lines: Iterable[bytes]) -> Iterator[ImportLine]:
    """Return the messages of CloudEvents in JSON, one a line; empty lines are skipped."""
    return (ImportLine(n, line, line) for n, line in enumerate(lines, 1) if line.strip())
