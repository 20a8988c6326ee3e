"""A cache of what is computed from a book, for the books that are in memory."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import TypeVar

from domain.book.book import Book

T = TypeVar("T")
_BOOKS = 32


def cached_per_book(compute: Callable[[Book], T]) -> Callable[[Book], T]:
    """The function `compute`, with its results for the last 32 books kept."""

    @lru_cache(_BOOKS)
    def cached(key: _ById) -> T:
        return compute(key.book)

    return lambda book: cached(_ById(book))


class _ById:
    """A book as a key that is compared by identity.

    Hashing the thousands of rules of a book would take longer than checking a line by them.
    """

    __slots__ = ("book",)

    def __init__(self, book: Book) -> None:
        self.book = book

    def __hash__(self) -> int:
        return id(self.book)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _ById) and self.book is other.book
