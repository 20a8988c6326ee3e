"""The contents of a version of a book as bytes: their digest, their size, and pieces of them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import fields
from typing import Any

import msgspec

from domain.book.book import Book, BookPart
from domain.canonical import canonical_bytes

_encode = msgspec.json.Encoder(decimal_format="string").encode

PARTS: tuple[BookPart, ...] = ("options", "inputs", "constraints", "prices", "phrases")
HEADER_FIELDS = ("currency", "rounding", "places", "products")
LARGEST = 100_000
"""The most bytes of parts in one event, and so of a part."""

_FIRST_HASHED = (
    *("currency", "rounding", "places", "products"),
    *("options", "inputs", "constraints", "prices", "phrases"),
)
_NOT_HASHED = ("book", "version", "effective_from", "withdrawn")


def rules_hash(book: Book) -> str:
    """SHA-256, in hex, of all contents of a version, without its number and its dates.

    A field of `Book` that is new since the first release is part of it only where it differs from
    its default, so the hashes of earlier releases still verify.
    """
    first: list[Any] = [getattr(book, name) for name in _FIRST_HASHED]
    later = {
        field.name: value
        for field in fields(book)
        if field.name not in (*_FIRST_HASHED, *_NOT_HASHED)
        and (value := getattr(book, field.name)) != field.default
    }
    contents = canonical_bytes([*first, later] if later else first)
    return hashlib.sha256(contents).hexdigest()


def encoded_size(part: Any) -> int:
    """The bytes that a part of a book takes in an event."""
    return len(_encode(part))


def chunks(parts: Sequence[Any]) -> Iterator[tuple[Any, ...]]:
    """The parts in their order, in as few pieces of at most `LARGEST` bytes as possible."""
    piece: list[Any] = []
    room = LARGEST
    for part in parts:
        room -= encoded_size(part)
        if piece and room < 0:
            yield tuple(piece)
            piece, room = [], LARGEST - encoded_size(part)
        piece.append(part)
    if piece:
        yield tuple(piece)
