"""What is made of a book, made once for each that is in memory."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import TypeVar

from domain.book.book import Book

T = TypeVar("T")
_KEPT = 32


def once(make: Callable[[Book], T]) -> Callable[[Book], T]:
    """The same as `make`, which is asked once for each book."""

    @lru_cache(_KEPT)
    def made(same: _Same) -> T:
        return make(same.book)

    return lambda book: made(_Same(book))


class _Same:
    """A book as itself: to compare its thousands of rules would cost more than to ask them."""

    __slots__ = ("book",)

    def __init__(self, book: Book) -> None:
        self.book = book

    def __hash__(self) -> int:
        return id(self.book)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and self.book is other.book
