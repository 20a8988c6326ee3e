"""What a version of a catalogue says, as bytes: whether two say the same, and how large it is."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from domain.book.book import Book, Part

_encode = msgspec.json.Encoder(decimal_format="string").encode

PARTS: tuple[Part, ...] = ("options", "inputs", "constraints", "prices", "phrases")
TERMS = ("currency", "rounding", "places", "products")
LARGEST = 100_000
"""Bytes of the parts in one event, and of a part by itself."""


def rules_hash(book: Book) -> str:
    """SHA-256, in hex, over all that the version says, but for its number and its dates."""
    said = [getattr(book, field) for field in TERMS + PARTS]
    return hashlib.sha256(_encode(said)).hexdigest()


def size(part: Any) -> int:
    return len(_encode(part))


def chunks(parts: Sequence[Any]) -> Iterator[tuple[Any, ...]]:
    """The parts in their order, in as few pieces as are small enough."""
    piece: list[Any] = []
    room = LARGEST
    for part in parts:
        room -= size(part)
        if piece and room < 0:
            yield tuple(piece)
            piece, room = [], LARGEST - size(part)
        piece.append(part)
    if piece:
        yield tuple(piece)
