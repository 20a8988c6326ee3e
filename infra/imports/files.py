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
class Line:
    """A line as it stands in the file, and the message that it holds, or why it holds none."""

    number: int
    said: bytes
    message: bytes | Malformed


def unpacked(file: BinaryIO, name: str) -> Iterator[bytes]:
    """The lines of an open file; `.gz` and `.xz` are unpacked on the way.

    Raises Malformed where a compressed file is damaged, or ends before its contents do.
    """
    unpack: Any = {".gz": gzip.open, ".xz": lzma.open}.get(Path(name).suffix, nullcontext)
    try:
        with unpack(file) as lines:
            yield from lines
    except (EOFError, gzip.BadGzipFile, lzma.LZMAError, zlib.error):
        raise Malformed(
            f"{name} is cut or damaged: what stands before that is stored. Fetch the file again "
            "and import it whole: nothing is lost or doubled"
        ) from None


def events(lines: Iterable[bytes]) -> Iterator[Line]:
    """CloudEvents in JSON, one a line; empty lines are none."""
    return (Line(n, line, line) for n, line in enumerate(lines, 1) if line.strip())
