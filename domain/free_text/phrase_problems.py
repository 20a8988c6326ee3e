"""What may be wrong with a book's phrases."""

from __future__ import annotations

from collections.abc import Iterator

from domain.book.book import Book, BookProblem, Phrase
from domain.free_text.reading import understandable, words_of


def problems(book: Book) -> list[BookProblem]:
    """Wordings that nothing can be understood by, and those that mean two things."""
    return [
        BookProblem(part="phrases", id=phrase.words[0], words=words)
        for phrase, words in _problems(book)
    ]


def _problems(book: Book) -> Iterator[tuple[Phrase, str]]:
    known: dict[tuple[str, ...], Phrase] = {}
    for phrase in book.phrases:
        for wording in phrase.words:
            if not understandable(wording):
                yield (
                    phrase,
                    f'"{wording}" is never understood: words between "and" or a comma are read '
                    'apart, and words like "please" not at all; leave those out',
                )
                continue
            first = known.setdefault(tuple(sorted(words_of(wording))), phrase)
            if first.operations != phrase.operations:
                yield phrase, f'"{wording}" is in the phrase "{first.words[0]}" too: leave one out'
